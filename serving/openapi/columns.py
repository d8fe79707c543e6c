"""JSON Schema of a package's columns: only constraints that the server enforces.

Values found in training are constraints only for a strict package, which refuses all others.
Otherwise they appear in the description and under ``x-training``; others are answered and flagged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from packager.data.rows.calendar_values import MAX_DIGITS
from packager.data.rows.coerce import format_bound
from packager.data.rows.column_converter import short
from packager.data.rows.extra_columns import ExtraColumns
from packager.manifest.base import Kind
from packager.manifest.manifest import Column, Manifest, RejectedValue
from serving.openapi.nested import NESTED, nested_schema, nested_words

_REFUSED: dict[RejectedValue, str] = {
    "null": "null",
    "unseen": "values that training lacked",
    "empty": "what is empty",
    "extreme": "numbers or times at the ends of its type",
}
MAX_SHOWN = 50
"""Categories of a column listed in the document; ``/schema`` lists all of them."""

_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})"
_OBJECTS: dict[Kind, dict[str, Any]] = {
    "date": {"format": "date", "pattern": f"^{_DATE}$"},
    "time": {"format": "time-local", "pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$"},
    "decimal": {
        "format": "decimal",
        "pattern": r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$",
    },
}
"""Formats of OpenAPI's registry: ``time`` would be one with an offset."""
_TYPES: dict[Kind, str] = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "string": "string",
    "datetime": "string",
    "date": "string",
    "time": "string",
}


def row(manifest: Manifest, example: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one row; columns that only slices read are optional."""
    schema = manifest.schema_
    strict = manifest.serve.strict
    columns = {c.name: column(c, example.get(c.name), strict=strict) for c in schema.features}
    for extra in schema.extras:  # the model doesn't use it, so no value of it is refused
        words = _words(extra, strict=False)
        columns[extra.name] = {
            "description": f"{words} Optional: read by slices, not by the model. "
            "A value of another kind counts as null."
        }
    others = ExtraColumns.of(manifest)
    if others.refuse:
        ignored = {"description": "In the training data but not a feature: ignored."}
        columns |= dict.fromkeys(sorted(others.passed_over - columns.keys()), ignored)
    return {
        "type": "object",
        "properties": columns,
        "required": [feature.name for feature in schema.features if feature.default is None],
        "additionalProperties": not others.refuse,
    }


def column(column: Column, example: Any, *, strict: bool) -> dict[str, Any]:
    """The schema of a column's values."""
    described: dict[str, Any] = {"description": _words(column, strict=strict)}
    null = _takes_null(column, strict=strict)
    if column.kind in NESTED:
        described |= nested_schema(column, null=null, strict=strict)
    elif column.kind in _TYPES:
        kind = _TYPES[column.kind]
        described["type"] = [kind, "null"] if null else kind
    elif column.kind == "decimal":
        described["type"] = ["string", "integer", *(["null"] if null else [])]
    elif not null:
        described["type"] = ["number", "string", "boolean"]
    else:
        described["type"] = ["number", "string", "boolean", "null"]
    described |= _form(column)
    if column.default is not None:
        described["default"] = column.default
    if strict:
        described |= {} if column.kind in NESTED else _bounds(column, null=null)
    else:
        met = _value_range(column)
        described |= {"x-training": met} if met else {}
    if "empty" in column.refuses:
        described["minItems" if column.kind == "list" else "minLength"] = 1
    return described | ({"examples": [example]} if example is not None else {})


def _words(column: Column, *, strict: bool) -> str:
    """A description of the values to send, and of those found in training."""
    texts = {
        "number": f"A number ({column.dtype}).",
        "integer": f"A whole number ({column.dtype}).",
        "boolean": "true or false.",
        "string": "Text.",
        "datetime": f"An ISO 8601 time {'with' if _aware(column) else 'without'} an offset.",
        "date": "A date in ISO 8601: 2024-01-31.",
        "time": "A time of day in ISO 8601, without an offset: 10:30:00.",
        "decimal": "A decimal number as text, which is not rounded: '12.30'. At most "
        f"{MAX_DIGITS} digits before and after the point.",
        "any": "A number, text, true or false.",
    }
    text = nested_words(column) if column.kind in NESTED else texts[column.kind]
    met = _value_range(column)
    if "minimum" in met:
        text += f" In training: {met['minimum']} to {met['maximum']}."
    elif "values" in met:
        rest = len(column.categories or ()) - len(met["values"])
        more = f" and {rest} more" if rest else ""
        text += f" In training: {', '.join(map(str, met['values']))}{more}."
    elif column.personal is not None:
        text += f" Values of training are not shown: {column.personal}."
    elif column.kind in ("string", "any"):
        text += " Any text: too many training values to list."
    if column.default is not None:
        text += f" Optional: {short(column.default)} if it is left out."
    if strict:
        null = " Null is allowed." if _takes_null(column, strict=strict) else " Never null."
        return text + (" Anything else is refused." if met else "") + null
    refused = [_REFUSED[kind] for kind in column.refuses if kind != "null"]
    text += f" The model rejects {', '.join(refused)}." if refused else ""
    if "null" in column.refuses:
        return f"{text} Never null."
    if met and not refused:
        return f"{text} Others, and null, are predicted and flagged."
    return f"{text} Null is flagged."


def _takes_null(column: Column, *, strict: bool) -> bool:
    return "null" not in column.refuses and (not strict or column.nullable)


def _value_range(column: Column) -> dict[str, Any]:
    """The values found in training: ``values``, or ``minimum`` and ``maximum``."""
    if column.categories is not None:
        return {"values": list(column.categories[:MAX_SHOWN])}
    if column.minimum is None or column.maximum is None:
        return {}
    low, high = (_plain(column, bound) for bound in (column.minimum, column.maximum))
    return {"minimum": low, "maximum": high}


def _form(column: Column) -> dict[str, Any]:
    if column.kind == "integer":
        name = column.dtype.lower()
        limits = np.iinfo(name if name.startswith(("int", "uint")) else "int64")
        return {"minimum": int(limits.min), "maximum": int(limits.max)}
    if column.kind == "datetime":
        zone = _ZONE if _aware(column) else ""
        time = f"{_TIME}{zone}" if zone else f"({_TIME})?"
        return {"pattern": f"^{_DATE}{time}$"}
    return _OBJECTS.get(column.kind, {})


def _bounds(column: Column, *, null: bool) -> dict[str, Any]:
    """The constraints of a strict package."""
    if column.categories is not None:
        return {"enum": [*column.categories, *([None] if null else [])]}
    numeric = column.kind in ("number", "integer")
    return _value_range(column) if numeric else {}


def _plain(column: Column, bound: float) -> float | int | str:
    shown = format_bound(column, bound)
    whole = column.kind == "integer" and isinstance(shown, float)
    return int(shown) if whole else shown


def _aware(column: Column) -> bool:
    return "," in column.dtype
