"""Packs and signs the tokens of many answers together, column by column.

A token is six words of 8 bytes, which are three blocks: the head, which the tokens of a second
share; then nonce, confidence, slices and prediction; then the signature.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.signing import BLOCK, TwoBlockMac, mac_of

LENGTH = 48
TOKEN_LENGTH = 64
"""Characters of a token: 48 bytes are exactly 64 characters of base64."""
OWN_NONCE_BITS = 24
"""Low bits of a nonce, which follow the head."""
OWN_NONCES = (1 << OWN_NONCE_BITS) - 1
_HEAD = struct.Struct(">B6sI5s")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Bitmaps = Sequence[int] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Head:
    """The first block of tokens, and what their signatures share."""

    keys: FeedbackKeys
    minted: int
    nonces: int
    """The high bits of the nonces."""
    packed: bytes
    words: Words
    mac: TwoBlockMac
    state: int
    mask: Words
    """``state`` as two words."""

    @classmethod
    def of(cls, keys: FeedbackKeys, version: bytes, minted: int, nonces: int) -> Head:
        """The head of tokens that are signed with the first of ``keys``."""
        mac = mac_of(keys.secrets[keys.first])
        packed = _HEAD.pack(keys.first, version, minted, nonces.to_bytes(5))
        words, state = np.frombuffer(packed, np.uint64), mac.state(packed)
        mask = np.frombuffer(state.to_bytes(BLOCK), np.uint64)
        return cls(keys, minted, nonces, packed, words, mac, state, mask)


def packed_one(head: Head, second: int) -> str:
    """The token with this second block."""
    signature = head.mac.encrypted((second ^ head.state).to_bytes(BLOCK))
    raw = head.packed + second.to_bytes(BLOCK) + signature
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()


def packed_many(
    head: Head, nonce: int, sure: Floats | int, bitmaps: Bitmaps, predictions: Words
) -> list[str]:
    """The tokens of n answers, of nonces from ``nonce`` on, whose high bits are those of ``head``.

    ``sure``: confidences as stored, for each or for all; ``predictions``: 8 bytes each, seen as
    words in the processor's order.
    """
    rows = len(predictions)
    second = np.empty((rows, 2), np.uint64)
    halves = second.view(">u4")
    halves[:, 0] = _steps(rows) + (((nonce & OWN_NONCES) << 8) + sure)  # exact: below 2**53
    halves[:, 1] = bitmaps
    second[:, 1] = predictions
    raw = np.empty((rows, LENGTH // 8), np.uint64)
    raw[:, :2] = head.words
    raw[:, 2:4] = second
    raw[:, 4:] = head.mac.signatures(head.mask, second)
    text = binascii.b2a_base64(raw.data, newline=False).translate(_URL_SAFE).decode()
    return list(map(text.__getitem__, _places(rows)))


@lru_cache(maxsize=64)
def _steps(rows: int) -> Floats:
    """The nonces of n rows from 0 on, before a byte for the confidence."""
    return np.arange(0.0, rows << 8, 1 << 8)


@lru_cache(maxsize=64)
def _places(rows: int) -> list[slice]:
    """The place of each token in the text of all."""
    return [slice(at, at + TOKEN_LENGTH) for at in range(0, TOKEN_LENGTH * rows, TOKEN_LENGTH)]
