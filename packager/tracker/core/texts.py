"""Texts of other programs and people, made storable: bounded, without NUL and lone surrogates."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

MAX_NAME = 200
MAX_IDENTITY = 500
MAX_TEXT = 2_000
MAX_COMMENT = 10_000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(value: object) -> object:
    """``value``; of a text, NUL and lone surrogates replaced, which no database stores."""
    if not isinstance(value, str):
        return value
    clean = value.replace("\0", REPLACEMENT)
    return clean if clean.isascii() else clean.encode("utf-16", "replace").decode("utf-16")


def shortened(value: object) -> object:
    """A storable text of at most ``MAX_TEXT`` characters; a longer one ends with an ellipsis."""
    value = storable(value[: MAX_TEXT + 1] if isinstance(value, str) else value)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return value[: MAX_TEXT - 1] + "…"
    return value


def named(text: str) -> str:
    """``text`` as a name; a longer one ends with a digest, so that two of them stay different."""
    if len(text) <= MAX_NAME:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{text[: MAX_NAME - 17]}…{digest}"


Name = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_NAME), BeforeValidator(storable)
]
"""An identifying text; a longer one is refused, because cut names could be equal."""
Identity = Annotated[str, StringConstraints(max_length=MAX_IDENTITY), BeforeValidator(storable)]
"""The same, of other programs, and it can be empty."""
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), BeforeValidator(shortened)]
"""A describing text; a longer one is cut."""
Comment = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_COMMENT), BeforeValidator(storable)
]
