"""The canonical form of an answer, whose digest a token holds in place of the answer.

An answer is sent to a client as JSON and comes back as JSON, perhaps from another program. So two
answers are equal if they are the same JSON: the order of keys doesn't matter, a number is the
nearest float64 (``1`` is ``1.0``, ``-0.0`` is ``0``), and a number that isn't finite is null.
Truth values are not numbers, and text is compared by code points.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

DIGEST_BYTES = 8
NO_ANSWER = bytes(DIGEST_BYTES)
"""In place of a digest: there is no answer, or it has no canonical form."""
MAX_DEPTH = 64
"""Levels of lists and objects in an answer."""

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(answer: Any) -> bytes:
    """The canonical JSON of ``answer``, in ASCII.

    Raises ``ValueError`` for a value that is no JSON, or one of more than ``MAX_DEPTH`` levels.
    """
    return _encode(plain(answer)).encode("ascii")


def plain(answer: Any) -> Any:
    """``answer`` with the numbers of its canonical form; raises as ``canonical``."""
    return _plain(answer, MAX_DEPTH)


def digest(answer: Any) -> bytes:
    """The first bytes of the SHA-256 of ``canonical(answer)``; ``NO_ANSWER`` for null.

    An answer without a canonical form has none, so that no label can be scored with it.
    """
    if answer is None:
        return NO_ANSWER
    try:
        return hashlib.sha256(canonical(answer)).digest()[:DIGEST_BYTES]
    except ValueError:
        return NO_ANSWER


def _plain(value: Any, levels: int) -> Any:
    kind = type(value)
    if kind is float or kind is int:
        return _number(value)
    if kind is str or kind is bool or value is None:
        return value
    if not levels:
        raise ValueError(f"more than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        if not all(type(key) is str for key in value):
            raise ValueError("a key that is no text")
        return {key: _plain(inner, levels - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        if {*map(type, value)} == {float} and all(map(math.isfinite, value)):
            return [number + 0.0 for number in value]
        return [_plain(inner, levels - 1) for inner in value]
    raise ValueError(f"no JSON: {kind.__name__}")


def _number(value: float) -> float | None:
    try:
        number = float(value) + 0.0  # -0.0 + 0.0 is 0.0
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
