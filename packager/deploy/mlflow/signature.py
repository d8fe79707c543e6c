"""The columns and answers of a package as an MLflow signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.errors import UsageError
from packager.manifest.manifest import Column, Manifest

TYPES = {"number": "double", "integer": "long", "boolean": "boolean", "string": "string"}
TYPES["datetime"] = "datetime"
"""Kind of a column → type in a signature."""
SMALL = {"float32": "float", "int8": "integer", "int16": "integer", "int32": "integer"}
SMALL |= {"uint8": "integer", "uint16": "integer"}
"""dtype → type in a signature, where it isn't that of the kind."""
PROBABILITIES = {"name": "probabilities", "type": "boolean", "default": False, "shape": None}
"""The parameter with which the answers have a column for each class."""


def inputs(manifest: Manifest, known: Mapping[str, str] = {}) -> list[dict[str, Any]]:
    """The features; raises ``UsageError`` for one whose values no signature expresses.

    ``known``: types of the signature that the model came with, for columns of a package without
    data, whose kinds it does not know.
    """
    return [
        {
            "type": known.get(feature.name, "any")
            if feature.kind == "any"
            else _type(manifest, feature),
            "name": feature.name,
            "required": feature.default is None,
        }
        for feature in manifest.schema_.features
    ]


def outputs(manifest: Manifest) -> list[dict[str, Any]]:
    """One prediction a row."""
    classes = manifest.schema_.classes
    if not classes:
        return [{"type": "string" if manifest.task == "classification" else "double"}]
    kinds = {type(label) for label in classes}
    names = {str: "string", bool: "boolean", int: "long", float: "double"}
    return [{"type": names[kinds.pop()] if len(kinds) == 1 else "any"}]


def _type(manifest: Manifest, column: Column) -> str:
    kind = column.kind
    if kind not in TYPES:
        raise UsageError(
            f"{manifest.name}: expected columns of {', '.join(TYPES)}, got {column.name!r} of kind "
            f"{kind}",
            "MLflow's tables have no such values: serve the package itself",
        )
    if kind == "integer" and column.nullable:
        return "double"  # MLflow's integers can't be missing
    if kind == "boolean" and column.nullable:
        return "any"
    return SMALL.get(column.dtype, TYPES[kind])
