"""The forms of rows in the JSON of ``/invocations`` and KServe's V1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.manifest.manifest import Manifest
from serving.openapi.nested import NESTED, nested_schema
from serving.openapi.parts import reference


def row_forms(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The forms of rows in a JSON body, by name."""
    row, cells = reference("Row"), cell_list(manifest)
    features = manifest.schema_.features
    width = len(features)
    forms = [row, {**cells, "minItems": width, "maxItems": width}]
    if width == 1 and features[0].kind in NESTED:
        forms.append(nested_schema(features[0], null=False, strict=manifest.serve.strict))
    rows = {"type": "array", "minItems": 1, "items": {"anyOf": forms}}
    return {
        "dataframe_split": reference("DataframeSplit"),
        "dataframe_records": {"type": "array", "minItems": 1, "items": row},
        "inputs": {"anyOf": [reference("InputColumns"), rows]},
        "instances": rows,
    }


def exactly_one(forms: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A body with exactly one of the forms."""
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": {name: form},
                "required": [name],
                "additionalProperties": False,
            }
            for name, form in forms.items()
        ]
    }


def dataframe_split(manifest: Manifest) -> dict[str, Any]:
    """The columns' names and the rows, as pandas writes them; with a name, for clients."""
    return {
        "type": "object",
        "properties": {
            "columns": {"type": "array", "items": {"type": "string"}},
            "data": {"type": "array", "minItems": 1, "items": cell_list(manifest)},
        },
        "required": ["columns", "data"],
    }


def cell_list(manifest: Manifest) -> dict[str, Any]:
    """A list of values of columns."""
    cell: dict[str, Any] = {"type": ["number", "string", "boolean", "null"]}
    if any(column.kind in NESTED for column in manifest.schema_.features):
        cell = {"description": "A value of its column."}
    return {"type": "array", "items": cell}
