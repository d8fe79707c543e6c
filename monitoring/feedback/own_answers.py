"""The model's own answers in a store: those that a token holds only a digest of."""

from __future__ import annotations

import json
import zlib
from typing import Any

from monitoring.feedback.canonical import canonical

MAX_BYTES = 4_096
"""Of one answer, compressed: a larger one has to come with its label."""
_LEVEL = 1


def packed(answer: Any) -> bytes | None:
    """The bytes of an answer in a store; None for one that is too large or no JSON."""
    try:
        compressed = zlib.compress(canonical(answer), _LEVEL)
    except ValueError:
        return None
    return compressed if len(compressed) <= MAX_BYTES else None


def unpacked(raw: bytes) -> Any:
    """The answer; None for bytes that ``packed`` did not make."""
    try:
        return json.loads(zlib.decompress(raw))
    except (zlib.error, ValueError):
        return None
