"""Parses the JSON of requests so that other threads can run meanwhile."""

from __future__ import annotations

import json
from typing import Any

from serving.http.limits import count

MIN_HEAVY_BYTES = 1 << 20
MIN_HEAVY_VALUES = 50_000
"""Above either bound, the C parser would hold the GIL for tens of milliseconds."""


def _integer(text: str) -> int:
    return int(text)


def _real(text: str) -> float:
    return float(text)


def _itself(row: dict[str, Any]) -> dict[str, Any]:
    return row


# The interpreter switches threads at calls of Python functions. The values are those of json.
_YIELDING = json.JSONDecoder(parse_int=_integer, parse_float=_real, object_hook=_itself)


def is_heavy(body: bytes) -> bool:
    """Whether the C parser would hold the GIL for too long."""
    if len(body) <= MIN_HEAVY_VALUES:
        return False
    return len(body) > MIN_HEAVY_BYTES or count(body, b",") > MIN_HEAVY_VALUES


def load_json(body: bytes, *, heavy: bool) -> Any:
    """The document in ``body``, as ``json`` parses it; NaN and Infinity are accepted.

    ``heavy``: the result of ``is_heavy``. Raises ``ValueError`` if ``body`` isn't JSON in UTF-8,
    and ``RecursionError`` if it is nested too deeply.
    """
    text = body.decode("utf-8")
    return _YIELDING.decode(text) if heavy else json.loads(text)
