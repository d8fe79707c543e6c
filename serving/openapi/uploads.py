"""The media types of ``/predict`` besides JSON, for packages with a column of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.manifest.manifest import Column, Manifest
from serving.openapi import columns
from serving.openapi.parts import Operation
from serving.protocols.text_cells import NESTED
from serving.protocols.uploads import FORM, RAW, file_column, takes_forms

_FILE = {"type": "string", "contentMediaType": RAW}


def with_uploads(operation: Operation, manifest: Manifest, example: Mapping[str, Any]) -> Operation:
    """The operation of ``/predict``, with the uploads that the package takes."""
    schema = manifest.schema_
    if not takes_forms(schema):
        return operation
    body = operation["requestBody"]
    content = {**body["content"], FORM: _form(manifest, example)}
    parameters: list[dict[str, Any]] = []
    own = file_column(schema)
    if own is not None:
        content |= {RAW: {"schema": _FILE}, "image/*": {"schema": _FILE}}
        parameters = [
            _parameter(column, example, manifest)
            for column in schema.features
            if column.name != own and column.kind != "bytes"
        ]
    body = {**body, "content": content}
    return {**operation, "requestBody": body, **({"parameters": parameters} if parameters else {})}


def _form(manifest: Manifest, example: Mapping[str, Any]) -> dict[str, Any]:
    features = manifest.schema_.features
    nested = [column.name for column in features if column.kind in NESTED]
    schema = {
        "type": "object",
        "description": "One row; parts of a name that repeat are further rows.",
        "properties": {column.name: _part(column, example, manifest) for column in features},
        "required": [column.name for column in features if column.default is None],
    }
    encoding = {name: {"contentType": "application/json"} for name in nested}
    return {"schema": schema, **({"encoding": encoding} if encoding else {})}


def _part(column: Column, example: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    if column.kind == "bytes":
        return {**_FILE, "description": "The bytes of a file, as they are."}
    return columns.column(column, example.get(column.name), strict=manifest.serve.strict)


def _parameter(column: Column, example: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    return {
        "name": column.name,
        "in": "query",
        "description": "Of a request whose body is a file: the value of this column, as text.",
        "schema": _part(column, example, manifest),
    }
