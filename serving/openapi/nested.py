"""JSON Schema of array, list and bytes columns, without keywords that generators of clients lack.

An array is lists within lists, each with ``minItems`` equal to ``maxItems``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.manifest.manifest import Column

NESTED = ("array", "bytes", "list")
_INT64 = np.iinfo("int64")
_WHOLE = {"type": "integer", "minimum": int(_INT64.min), "maximum": int(_INT64.max)}


def nested_schema(column: Column, *, null: bool, strict: bool) -> dict[str, Any]:
    """The schema of a cell; ``null``: whether null is allowed.

    ``strict``: elements of an array outside the training range are refused.
    """
    if column.kind == "bytes":
        schema: dict[str, Any] = {"type": "string", "format": "byte", "contentEncoding": "base64"}
    elif column.kind == "list":
        element = _list_element(column.element or "number")
        schema = {"type": "array", "items": {**element, "type": [element["type"], "null"]}}
    else:
        schema = _array_element(column, strict=strict)
        for extent in reversed(column.shape or ()):
            schema = {"type": "array", "items": schema, "minItems": extent, "maxItems": extent}
    return {**schema, "type": [schema["type"], "null"]} if null else schema


def nested_words(column: Column) -> str:
    """The description of a cell."""
    if column.kind == "bytes":
        return "Bytes in base64, with padding and without line breaks."
    if column.kind == "list":
        return f"A list of {_LISTED[column.element or 'number']}, any of them null."
    shape = " x ".join(map(str, column.shape or ()))
    what = "true or false" if column.element == "bool" else "finite numbers"
    return f"An array of shape {shape} ({column.element}) as nested lists of {what}."


_LISTED = {
    "number": "numbers",
    "integer": "whole numbers",
    "boolean": "true or false",
    "string": "text",
}


def _list_element(kind: str) -> dict[str, Any]:
    return dict(_WHOLE) if kind == "integer" else {"type": kind}


def _array_element(column: Column, *, strict: bool) -> dict[str, Any]:
    dtype = np.dtype(column.element)
    if dtype.kind == "b":
        return {"type": "boolean"}
    low: float
    high: float
    if dtype.kind == "f":
        schema: dict[str, Any] = {"type": "number"}
        low, high = float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    else:
        schema = {"type": "integer"}
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if strict and column.minimum is not None and column.maximum is not None:
        low, high = max(low, column.minimum), min(high, column.maximum)
    if dtype == np.float64 and not strict:
        return schema
    return {**schema, "minimum": low, "maximum": high}
