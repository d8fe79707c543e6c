"""JSON of requests → Python values, so that other threads get their turn while it is parsed."""

from __future__ import annotations

import json
from typing import Any

MIN_HEAVY_BYTES = 1 << 20
MIN_HEAVY_VALUES = 50_000
"""From here on a parser in C would keep the interpreter for tens of milliseconds."""


def _whole(text: str) -> int:
    return int(text)


def _real(text: str) -> float:
    return float(text)


def _itself(row: dict[str, Any]) -> dict[str, Any]:
    return row


# A call of a Python function is where the interpreter changes threads. The values are json's own.
_YIELDING = json.JSONDecoder(parse_int=_whole, parse_float=_real, object_hook=_itself)


def is_heavy(body: bytes) -> bool:
    """Whether a parser in C would keep all other threads waiting for too long."""
    return len(body) > MIN_HEAVY_BYTES or body.count(b",") > MIN_HEAVY_VALUES


def load_json(body: bytes, *, heavy: bool) -> Any:
    """The document in ``body``, as ``json`` reads it; NaN and Infinity pass.

    ``heavy``: as ``is_heavy`` says. Raises ``ValueError`` for what is no JSON in UTF-8, and
    ``RecursionError`` for what is too deeply nested.
    """
    text = body.decode("utf-8")
    return _YIELDING.decode(text) if heavy else json.loads(text)
