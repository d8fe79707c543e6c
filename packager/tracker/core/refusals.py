"""The fault of a record that was sent, in words of this service and not of its libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

MAX_REFUSAL = 500
_Context = Mapping[str, Any]
_TEXTS: Mapping[str, str | Callable[[_Context], str]] = {
    "missing": "expected a value, got none",
    "extra_forbidden": "expected no such field",
    "json_invalid": "expected JSON",
    "json_type": "expected JSON",
    "string_type": "expected a text",
    "string_unicode": "expected a text in UTF-8",
    "string_too_short": lambda known: f"expected at least {_counted(known['min_length'])}",
    "string_too_long": lambda known: f"expected at most {_counted(known['max_length'])}",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a whole number of fewer digits",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "greater_than_equal": lambda known: f"expected at least {known['ge']:g}",
    "greater_than": lambda known: f"expected more than {known['gt']:g}",
    "less_than_equal": lambda known: f"expected at most {known['le']:g}",
    "less_than": lambda known: f"expected less than {known['lt']:g}",
    "literal_error": lambda known: f"expected {known['expected']}",
    "enum": lambda known: f"expected {known['expected']}",
    "union_tag_invalid": lambda known: f"expected one of {known['expected_tags']}",
    "union_tag_not_found": lambda known: f"expected a field {known['discriminator']}",
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "too_long": lambda known: f"expected at most {known['max_length']} items",
    "too_short": lambda known: f"expected at least {known['min_length']} items",
    "none_required": "expected null",
    "value_error": lambda known: str(known["error"]),
}
"""Kind of mistake, as pydantic names it → what was expected; other kinds: another value."""


def refusal_of(error: ValidationError, whole: str = "body") -> str:
    """The first mistake: its place, and what was expected there; ``whole``: the name of all."""
    first = error.errors(include_url=False, include_input=False)[0]
    location = ".".join(str(part)[:60] for part in first["loc"]) or whole
    text = _TEXTS.get(first["type"], "expected another value")
    reason = text if isinstance(text, str) else text(first.get("ctx", {}))
    return f"{location}: {reason}"[:MAX_REFUSAL]


def _counted(n: int) -> str:
    return f"{n:,} character{'' if n == 1 else 's'}"
