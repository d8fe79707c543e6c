"""The OpenAPI document of a package, and a page to read it on.

BentoML's own page can't be used: it knows none of these routes and loads a tracker from a third
party. Only the viewer it ships is taken.
"""

from __future__ import annotations

from typing import Any

from packager.manifest import Column, Golden, Kind, Manifest

VIEWER = ("/static_content/swagger-ui.css", "/static_content/swagger-ui-bundle.js")

PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Model</title>
<link rel="stylesheet" href="static_content/swagger-ui.css">
<div id="viewer"></div>
<script src="static_content/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "docs.json", dom_id: "#viewer", validatorUrl: null});</script>
</html>
"""

_TYPES: dict[Kind, dict[str, str]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
    "any": {},
}

_ERRORS = {
    "400": "The body is not JSON",
    "413": "The body is too large",
    "422": "A column is absent or a value can't be taken without loss",
    "500": "The model raised an error",
    "503": "Too many requests are waiting, or the server is starting",
    "504": "The deadline passed",
}


def document(manifest: Manifest, golden: Golden | None) -> dict[str, Any]:
    """OpenAPI 3.1 for this package."""
    request: dict[str, Any] = {"schema": _request(manifest)}
    if golden is not None and golden.rows:
        request["example"] = {"rows": [golden.rows[0]]}
    predict = {
        "summary": "Predict for some rows",
        "requestBody": {"required": True, "content": {"application/json": request}},
        "responses": {
            "200": _response("Predictions, in the order of the rows", _answer(manifest)),
            **{code: _response(text, _ERROR) for code, text in _ERRORS.items()},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": manifest.name, "version": manifest.tag},
        "paths": {
            "/predict": {"post": predict},
            "/schema": {"get": _get("Inputs, output, and a row to try")},
            "/package": {"get": _get("The manifest of this package")},
        },
    }


def _request(manifest: Manifest) -> dict[str, Any]:
    schema = manifest.schema_
    columns = {column.name: _column(column) for column in (*schema.features, *schema.extras)}
    row = {
        "type": "object",
        "properties": columns,
        "required": [column.name for column in schema.features],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"rows": {"type": "array", "minItems": 1, "items": row}},
        "required": ["rows"],
        "additionalProperties": False,
    }


def _column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = dict(_TYPES[column.kind])
    if "type" in described:
        described["type"] = [described["type"], "null"]
    return described


def _answer(manifest: Manifest) -> dict[str, Any]:
    number = manifest.task == "regression"
    entry: dict[str, Any] = {
        "prediction": {"type": ["number", "null"]} if number else {},
        "flags": {"type": "array", "items": {"type": "string"}},
    }
    if not number:
        entry["probabilities"] = {
            "type": "object",
            "additionalProperties": {"type": ["number", "null"]},
        }
    return {
        "type": "object",
        "properties": {
            "version": {"type": "string"},
            "predictions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": entry,
                    "required": ["prediction", "flags"],
                },
            },
        },
        "required": ["version", "predictions"],
    }


def _get(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _response(summary, {"type": "object"})}}


def _response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "row": {"type": "integer"},
                "column": {"type": "string"},
                "expected": {"type": "string"},
                "got": {"type": "string"},
            },
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}
