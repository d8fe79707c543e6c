"""JSON that every reader takes for the same values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def strict_json(content: bytes) -> dict[str, Any]:
    """Parse a JSON object; raises ``ValueError`` for duplicate keys, NaN and other values.

    Two readers may choose different ones of two equal keys.
    """
    document = strict_value(content)
    if not isinstance(document, dict):
        raise ValueError(f"expected a JSON object, got {type(document).__name__}")
    return document


def strict_value(content: bytes) -> Any:
    """As ``strict_json``, of any value."""
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse
        )
    except RecursionError as error:
        raise ValueError("expected JSON of fewer levels") from error


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"expected each key once, got {twice!r:.120} twice")
    return members


def _refuse(name: str) -> Any:
    raise ValueError(f"expected JSON values, got {name}")
