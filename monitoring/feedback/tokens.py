"""A signed token for every prediction, so that any worker can score its label weeks later.

48 bytes, 64 characters of base64url: key id 1, version 6 (the first 12 hex digits of the package
root), time 4 (seconds since 1970), nonce 8, confidence 1, slice bitmap 4, prediction 8 (for a class
the first bytes of its text's SHA-256, for a regression the float64), and 16 bytes of signature: the
AES-256-CMAC of all of these. Signed, not encrypted: it contains no feature.

Nonces are counted, so tokens of one second begin with the same 16 bytes, except for one in 2²⁴.
These are packed once; the next 16 are two numbers, which NumPy packs for many rows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import os
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.packing import (
    LENGTH,
    OWN_NONCE_BITS,
    OWN_NONCES,
    TOKEN_LENGTH,
    Bitmaps,
    Floats,
    Head,
    Words,
    packed_many,
    packed_one,
)
from monitoring.feedback.signing import BLOCK, mac_of

_LAYOUT = struct.Struct(">B6sIQBI8s")
MIN_ROWS_TOGETHER = 4
"""From this number on, the tokens of a request are packed column by column."""
_NUMBER = struct.Struct(">d")
_NONCE = struct.Struct(">Q")
_SURE = 250  # confidence is stored in units of 1/250
MAX_TIME = (1 << 32) - 1
"""The last time that a token can hold, in seconds since 1970: in 2106."""
_REGRESSION = 254
_UNKNOWN = 255
_NOTHING = bytes(8)  # a missing prediction

Reason = Literal["malformed", "bad_signature", "unknown_version", "expired", "no_prediction"]
Task = Literal["classification", "regression"]
Chances = Sequence[Sequence[float]] | npt.NDArray[np.float64]


class TokenError(Exception):
    """A token that can't be scored."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """The content of a verified token."""

    version: bytes
    minted: int
    """Seconds since 1970."""
    prediction: bytes
    confidence: float | None
    """In steps of 1/250; None if the model gave none."""
    bitmap: int
    nonce: bytes

    @property
    def number(self) -> float:
        """The prediction of a regression."""
        return float(_NUMBER.unpack(self.prediction)[0])


class Tokens:
    """Creates and verifies the tokens of one package version; thread-safe."""

    def __init__(
        self,
        keys: FeedbackKeys,
        root: str,
        classes: Sequence[Any] | None,
        days: float = 30,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Sign for the package ``root`` in hex; a token is valid for ``days``.

        ``classes`` is None for a regression. Raises ``SigningUnavailableError``.
        """
        self.version = bytes.fromhex(root[:12])
        self.days = days
        self._now = now
        self._classes = classes
        self._places = {label: place for place, label in enumerate(classes or ())}
        hashes = [hashed(label) for label in classes or ()]
        self._numbers = [int.from_bytes(each) for each in hashes]
        self._words = np.array(self._numbers, ">u8").view(np.uint64)
        known = zip(hashes, classes or (), strict=True)
        self._by_hash = dict(reversed([*known]))
        self._unsure = _REGRESSION if classes is None else _UNKNOWN
        # Counted from a random number: unique in this process, and elsewhere with high
        # probability; it starts below 2**63, so 64 bits are enough.
        self._nonce = int.from_bytes(os.urandom(8), "big") >> 1
        self._lock = threading.Lock()
        self.use(keys)

    def use(self, keys: FeedbackKeys) -> None:
        """Sign with the first of ``keys`` from now on; all of them verify."""
        self.keys = keys
        self._head = Head.of(keys, self.version, 0, 0)

    def mint(
        self, labels: Sequence[Any], probabilities: Chances | None, bitmaps: Bitmaps
    ) -> list[str]:
        """One token for each of n answers; a label is None if there is no prediction.

        ``probabilities``: n by classes.
        """
        now = min(max(0, int(self._now())), MAX_TIME)  # the clock may be wrong
        rows = len(labels)
        with self._lock:
            nonce = self._nonce
            self._nonce = nonce + rows
        if rows == 1:
            chances = None if probabilities is None else probabilities[0]
            return [self._one(labels[0], chances, bitmaps[0], nonce, now)]
        if rows >= MIN_ROWS_TOGETHER and not (nonce ^ (nonce + rows)) >> OWN_NONCE_BITS:
            columns = self._columns(labels, probabilities)
            if columns is not None:
                return packed_many(
                    self._head_of(now, nonce), nonce, columns[0], bitmaps, columns[1]
                )
        if isinstance(probabilities, np.ndarray):
            probabilities = probabilities.tolist()
        return [
            self._one(
                label,
                None if probabilities is None else probabilities[row],
                bitmaps[row],
                nonce + row,
                now,
            )
            for row, label in enumerate(labels)
        ]

    def _one(
        self, label: Any, chances: Sequence[float] | None, bitmap: int, nonce: int, now: int
    ) -> str:
        place, sure = self._places.get(label), self._unsure
        if place is None:
            prediction = int.from_bytes(self._prediction(label))
        else:
            prediction = self._numbers[place]
            if chances is not None:
                chance = chances[place]
                sure = round(_SURE * chance) if 0.0 <= chance <= 1.0 else _UNKNOWN
        second = (nonce & OWN_NONCES) << 104 | sure << 96 | bitmap << 64 | prediction
        return packed_one(self._head_of(now, nonce), second)

    def _columns(
        self, labels: Sequence[Any], probabilities: Chances | None
    ) -> tuple[Floats | int, Words] | None:
        """Confidences and predictions as stored; None for a label outside the classes."""
        if self._classes is None:
            return self._unsure, np.array(labels, ">f8").view(np.uint64)  # None: NaN
        rows = len(labels)
        places = np.fromiter(map(self._places.get, labels, repeat(-1)), np.intp, rows)
        if places.min() < 0:
            return None
        sure: Floats | int = self._unsure
        if probabilities is not None:
            chances = np.asarray(probabilities, np.float64)
            sure = _in_steps(chances[np.arange(rows), places])
        return sure, self._words[places]

    def _head_of(self, now: int, nonce: int) -> Head:
        """The head of tokens of this second and of nonces with these high bits."""
        head, nonces = self._head, nonce >> OWN_NONCE_BITS
        if head.minted != now or head.nonces != nonces or head.keys is not self.keys:
            head = self._head = Head.of(self.keys, self.version, now, nonces)
        return head

    def verify(self, token: object) -> Token:
        """The content of ``token``; raises ``TokenError`` if it can't be scored."""
        body, signature = _parts(token)
        key, version, minted, nonce, sure, bitmap, prediction = _LAYOUT.unpack(body)
        secret = self.keys.secrets.get(key)
        if secret is None or not hmac.compare_digest(_signature(secret, body), signature):
            raise TokenError("bad_signature")
        if (sure == _REGRESSION) != (self._classes is None):
            raise TokenError("unknown_version")  # a version with another task
        if self._now() - minted > self.days * 86_400:
            raise TokenError("expired")
        confidence = sure / _SURE if sure <= _SURE else None
        found = Token(version, minted, prediction, confidence, bitmap, _NONCE.pack(nonce))
        if self._classes is None and not math.isfinite(found.number):
            raise TokenError("no_prediction")
        return found

    def age(self, token: Token) -> float:
        """Seconds since ``token`` was minted, at least 0."""
        return max(0.0, self._now() - token.minted)

    def predicted(self, token: Token) -> Any:
        """The class in a classifier's token; None if it isn't a class of this version."""
        return self._by_hash.get(token.prediction)

    def _prediction(self, label: Any) -> bytes:
        if self._classes is None:
            return _NUMBER.pack(math.nan if label is None else label)
        return _NOTHING if label is None else hashed(label)


def _in_steps(chances: Floats) -> Floats:
    """Confidences as they are stored, rounded as ``round`` does."""
    if chances.min() >= 0.0 and chances.max() <= 1.0:
        return np.rint(_SURE * chances)
    valid = (chances >= 0.0) & (chances <= 1.0)
    return np.where(valid, np.rint(_SURE * np.where(valid, chances, 0.0)), _UNKNOWN)


def _signature(secret: bytes, body: bytes) -> bytes:
    mac = mac_of(secret)
    return mac.signature(mac.state(body[:BLOCK]), int.from_bytes(body[BLOCK:]))


def hashed(label: Any) -> bytes:
    """The 8 bytes that identify a class label in a token."""
    text = str(label).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).digest()[:8]


def _parts(token: object) -> tuple[bytes, bytes]:
    """Body and signature; raises ``TokenError`` for a malformed token."""
    if not isinstance(token, str) or len(token) != TOKEN_LENGTH or not token.isascii():
        raise TokenError("malformed")
    if "+" in token or "/" in token:  # in the standard alphabet a token would have a second form
        raise TokenError("malformed")
    try:
        raw = base64.b64decode(token.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise TokenError("malformed") from error
    if len(raw) != LENGTH:
        raise TokenError("malformed")
    return raw[: _LAYOUT.size], raw[_LAYOUT.size :]
