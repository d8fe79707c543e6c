"""A signed token for every prediction, so that any worker can score its label weeks later.

48 bytes, 64 characters of base64url: key id 1, version 6 (the first 12 hex digits of the package
root), time 4 (seconds since 1970), prediction 8 (for a class the first bytes of its text's SHA-256,
for a regression the float64, for any other answer its digest), confidence 1, slice bitmap 4,
nonce 8, and 16 bytes of signature: a keyed BLAKE2s (RFC 7693) over all of these. Signed, not
encrypted: it contains no feature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import os
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, islice, repeat
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monitoring.feedback.keys import FeedbackKeys

TOKEN_LENGTH = 64
_LAYOUT = struct.Struct(">B6sI8sBIQ")
_pack = _LAYOUT.pack
_HEAD = struct.Struct(">B6sI")
_ROW = np.dtype(
    [
        ("head", f"V{_HEAD.size}"),
        ("prediction", "V8"),
        ("sure", "u1"),
        ("bitmap", ">u4"),
        ("nonce", ">u8"),
    ]
)
"""``_LAYOUT`` of many rows; they have the same ``_HEAD``: key, version and time."""
_BODY = np.dtype(f"V{_LAYOUT.size}")
_SIGNATURE = 16
MIN_ROWS_TOGETHER = 24
"""From this number on, the tokens of a request are packed column by column."""
_NUMBER = struct.Struct(">d")
_NONCE = struct.Struct(">Q")
_SURE = 250  # confidence is stored in units of 1/250
MAX_TIME = (1 << 32) - 1
"""The last time that a token can hold, in seconds since 1970: in 2106."""
_ANSWER = 253
_REGRESSION = 254
_UNKNOWN = 255
_NOTHING = bytes(8)  # a missing prediction
_URL_SAFE = bytes.maketrans(b"+/", b"-_")

Reason = Literal["malformed", "bad_signature", "unknown_version", "expired", "no_prediction"]
Task = Literal["classification", "regression"]
Chances = Sequence[Sequence[float]] | npt.NDArray[np.float64]
Bitmaps = Sequence[int] | npt.NDArray[np.int64]


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
    """Creates and verifies the tokens of one package version."""

    def __init__(
        self,
        keys: FeedbackKeys,
        root: str,
        classes: Sequence[Any] | None,
        days: float = 30,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Sign for the package ``root`` in hex; a token is valid for ``days``.

        ``classes`` is None for a regression.
        """
        self.use(keys)
        self.version = bytes.fromhex(root[:12])
        self.days = days
        self._now = now
        self._classes = classes
        self._class_indices = {label: index for index, label in enumerate(classes or ())}
        self._predictions = [hashed(label) for label in classes or ()]
        self._hashes = np.array(self._predictions, "V8")
        known = zip(self._predictions, classes or (), strict=True)
        self._by_hash = dict(reversed([*known]))
        self._unsure = _REGRESSION if classes is None else _UNKNOWN
        # A counter with a random start: unique in this process, and elsewhere with high
        # probability; it starts below 2**63, so 64 bits are enough.
        self._nonces = count(int.from_bytes(os.urandom(8), "big") >> 1)

    def use(self, keys: FeedbackKeys) -> None:
        """Sign with the first of ``keys`` from now on; all of them verify."""
        self.keys = keys
        self._signing = keys.first, signer(keys.secrets[keys.first])

    def mint(
        self, labels: Sequence[Any], probabilities: Chances | None, bitmaps: Bitmaps
    ) -> list[str]:
        """One token for each of n answers; a label is None if there is no prediction.

        ``probabilities``: n by classes.
        """
        now = min(max(0, int(self._now())), MAX_TIME)  # the clock may be wrong
        if len(labels) == 1:
            chances = None if probabilities is None else probabilities[0]
            return [_text(self._signed(labels[0], chances, bitmaps[0], now))]
        bodies = self._together(labels, probabilities, bitmaps, now)
        if bodies is None:
            if isinstance(probabilities, np.ndarray):
                probabilities = probabilities.tolist()
            each = repeat(None) if probabilities is None else probabilities
            each_bitmap = bitmaps.tolist() if isinstance(bitmaps, np.ndarray) else bitmaps
            raw = b"".join(map(self._signed, labels, each, each_bitmap, repeat(now)))
        else:
            signed = zip(bodies, map(self._signing[1], bodies), strict=True)
            raw = b"".join(chain.from_iterable(signed))
        return list(map(_text(raw).__getitem__, _token_slices(len(labels))))

    def _together(
        self,
        labels: Sequence[Any],
        probabilities: Chances | None,
        bitmaps: Bitmaps,
        now: int,
    ) -> list[bytes] | None:
        """The bodies that ``_signed`` packs; None for few rows, or a label outside the classes."""
        rows = len(labels)
        if rows < MIN_ROWS_TOGETHER:
            return None
        records = np.empty(rows, _ROW)
        records["sure"] = self._unsure
        if self._classes is None:
            records["prediction"] = np.array(labels, ">f8").view("V8")  # None: NaN
        else:
            indices = np.fromiter(map(self._class_indices.get, labels, repeat(-1)), np.intp, rows)
            if indices.min() < 0:
                return None
            records["prediction"] = self._hashes[indices]
            if probabilities is not None:
                chances = np.asarray(probabilities, np.float64)[np.arange(rows), indices]
                records["sure"] = _in_steps(chances)
        records["head"] = np.void(_HEAD.pack(self._signing[0], self.version, now))
        records["bitmap"] = bitmaps
        records["nonce"] = np.fromiter(islice(self._nonces, rows), np.uint64, rows)
        bodies: list[bytes] = records.view(_BODY).tolist()
        return bodies

    def _signed(self, label: Any, chances: Sequence[float] | None, bitmap: int, now: int) -> bytes:
        index, sure = self._class_indices.get(label), self._unsure
        if index is None:
            prediction = self._prediction(label)
        else:
            prediction = self._predictions[index]
            if chances is not None:
                chance = chances[index]
                sure = round(_SURE * chance) if 0.0 <= chance <= 1.0 else _UNKNOWN
        key, sign = self._signing
        body = _pack(key, self.version, now, prediction, sure, bitmap, next(self._nonces))
        return body + sign(body)

    def verify(self, token: object) -> Token:
        """The content of ``token``; raises ``TokenError`` if it can't be scored."""
        content = self.verified(token)
        if self._classes is None and not math.isfinite(content.number):
            raise TokenError("no_prediction")
        return content

    def mint_digests(self, digests: Sequence[bytes], bitmaps: Bitmaps) -> list[str]:
        """One token for each of n answers, with its digest of 8 bytes as the prediction."""
        now = min(max(0, int(self._now())), MAX_TIME)
        key, sign = self._signing
        each = bitmaps.tolist() if isinstance(bitmaps, np.ndarray) else bitmaps
        packed = (
            _pack(key, self.version, now, own, _ANSWER, bitmap, next(self._nonces))
            for own, bitmap in zip(digests, each, strict=True)
        )
        raw = b"".join(body + sign(body) for body in packed)
        return list(map(_text(raw).__getitem__, _token_slices(len(digests))))

    def verified(self, token: object, *, answers: bool = False) -> Token:
        """As ``verify``; ``answers``: the token has to hold a digest. Every prediction is good."""
        body, signature = _parts(token)
        key, version, minted, prediction, sure, bitmap, nonce = _LAYOUT.unpack(body)
        secret = self.keys.secrets.get(key)
        if secret is None or not hmac.compare_digest(signer(secret)(body), signature):
            raise TokenError("bad_signature")
        if _task_of(sure) != (_ANSWER if answers else self._unsure):
            raise TokenError("unknown_version")  # a version with another task
        if self._now() - minted > self.days * 86_400:
            raise TokenError("expired")
        confidence = sure / _SURE if sure <= _SURE else None
        return Token(version, minted, prediction, confidence, bitmap, _NONCE.pack(nonce))

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


def _task_of(sure: int) -> int:
    """The mark of a task in the byte of the confidence; ``_UNKNOWN`` for a classifier."""
    return sure if sure in (_ANSWER, _REGRESSION) else _UNKNOWN


def _text(raw: bytes) -> str:
    """Tokens as text: 48 bytes are exactly 64 characters, so several can be encoded at once."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()


@lru_cache(maxsize=64)
def _token_slices(rows: int) -> list[slice]:
    """The place of each token in the text of all."""
    return [slice(at, at + TOKEN_LENGTH) for at in range(0, TOKEN_LENGTH * rows, TOKEN_LENGTH)]


def _in_steps(chances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Confidences as they are stored, rounded as ``round`` does."""
    if chances.min() >= 0.0 and chances.max() <= 1.0:  # not so if one is NaN
        return np.rint(_SURE * chances)
    valid = (chances >= 0.0) & (chances <= 1.0)
    return np.where(valid, np.rint(_SURE * np.where(valid, chances, 0.0)), _UNKNOWN)


@lru_cache(maxsize=256)
def signer(secret: bytes) -> Callable[[bytes], bytes]:
    """A function of a message: its BLAKE2s of 16 bytes, keyed with ``secret`` (32 bytes at most).

    The keyed state is created once: copying it takes two thirds of the time of creating it, and
    half of that of an HMAC-SHA256 in two passes.
    """
    copy = hashlib.blake2s(key=secret, digest_size=_SIGNATURE).copy

    def sign(message: bytes) -> bytes:
        state = copy()
        state.update(message)
        return state.digest()

    return sign


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
    if len(raw) != _LAYOUT.size + _SIGNATURE:
        raise TokenError("malformed")
    return raw[: _LAYOUT.size], raw[_LAYOUT.size :]
