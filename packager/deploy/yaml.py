"""Plain data as YAML that a person reads: blocks, long texts unquoted, keys in their order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# What YAML 1.1 and 1.2 both take for text, and nothing else.
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.-]*")
WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def dump(document: Mapping[str, Any]) -> str:
    """``document`` (text, numbers, booleans, lists and mappings) as YAML, deterministic."""
    return "\n".join(_lines(document)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for key, item in value.items() for line in _entry(f"{_scalar(key)}:", item)]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [line for item in value for line in _item(item)]
    return [_scalar(value)]


def _entry(key: str, value: Any) -> list[str]:
    if isinstance(value, str) and _is_block(value):
        return [f"{key} |-", *(f"  {line}" for line in value.split("\n"))]
    if isinstance(value, str | int | float) or not value:
        return [f"{key} {_scalar(value)}"]
    return [key, *(f"  {line}" for line in _lines(value))]


def _item(value: Any) -> list[str]:
    first, *rest = _lines(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _is_block(text: str) -> bool:
    """Whether ``text`` is easier to read unquoted, and the same in a block."""
    quotes = '"' in text or "\\" in text or "\n" in text
    clean = all(line.isprintable() and line == line.strip() and line for line in text.split("\n"))
    return quotes and clean


def _scalar(value: Any) -> str:
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
