"""Parses ``Content-Type`` into media type and parameters, in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_LENGTH = 1_000
"""Characters of a content type; a longer one is treated as unknown."""
UNKNOWN = "text/plain"
"""The media type assumed for a malformed one (RFC 2045, 5.2)."""

# The alternatives begin with different characters, so that matching never backtracks.
_PART = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|$))*', re.DOTALL)


def media_type(content_type: str) -> tuple[str, Mapping[str, str]]:
    """The media type in lower case, and its parameters by name in lower case.

    The last of equal names is used.
    """
    if len(content_type) > MAX_LENGTH:
        return UNKNOWN, {}
    first, *others = _parts(content_type)
    kind = first.strip().lower()
    parameters = {}
    for part in others:
        name, _, value = part.partition("=")
        if name.strip():
            parameters[name.strip().lower()] = _unquoted(value.strip())
    return (kind if kind.count("/") == 1 else UNKNOWN), parameters


def _parts(text: str) -> list[str]:
    """The parts between semicolons outside quotes."""
    parts, offset = [], 0
    while True:
        match = _PART.match(text, offset)
        assert match is not None  # the pattern matches the empty string
        parts.append(match[0])
        if match.end() >= len(text):
            return parts
        # An unclosed quote is an ordinary character.
        offset = match.end() + 1


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
    return value
