"""A challenger's answers to the rows of champion's tokens, kept until their labels come.

A label names champion's token only. So the challenger's prediction is kept under the nonce of that
token, where every worker and replica of the champion finds it. A prediction has the 8 bytes that it
would have in a token: no feature and no class is kept.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

from monitoring.feedback.tokens import hashed

MAX_VERSION = 64
"""Bytes of a challenger's version that are kept."""
_NUMBER = struct.Struct(">d")
_PREDICTION = 8


@dataclass(frozen=True, slots=True)
class ChallengerAnswer:
    """A challenger's prediction for one row."""

    prediction: bytes
    """8 bytes: the hash of a class, or a float64."""
    version: str
    """Of the challenger's package."""

    @classmethod
    def of_class(cls, label: Any, version: str) -> ChallengerAnswer:
        """The answer of a classifier."""
        return cls(hashed(label), version)

    @classmethod
    def of_number(cls, number: float, version: str) -> ChallengerAnswer:
        """The answer of a regression."""
        return cls(_NUMBER.pack(number), version)

    @property
    def number(self) -> float:
        """The prediction of a regression."""
        return float(_NUMBER.unpack(self.prediction)[0])

    @property
    def is_finite(self) -> bool:
        """Whether the prediction of a regression can be compared with a label."""
        return math.isfinite(self.number)

    def packed(self) -> bytes:
        """Its bytes in a store."""
        return self.prediction + self.version.encode("utf-8", "backslashreplace")[:MAX_VERSION]

    @classmethod
    def unpacked(cls, raw: bytes | None) -> ChallengerAnswer | None:
        """The answer in a store; None for none and for other bytes."""
        if raw is None or len(raw) < _PREDICTION:
            return None
        return cls(raw[:_PREDICTION], raw[_PREDICTION:].decode("utf-8", "replace"))
