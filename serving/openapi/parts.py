"""Parts shared by all operations of the OpenAPI document."""

from __future__ import annotations

from typing import Any

Operation = dict[str, Any]

_REASONS = {
    "400": "The body can't be read",
    "401": "The key is missing or wrong",
    "413": "The body, its values or the answer exceed a limit",
    "415": "The encoding, the media type or the character set is not supported",
    "422": "A column is absent, or a value can't be represented in its column",
    "500": "The model raised an error",
    "503": "Too many requests are waiting, or the server is starting or stopping",
    "504": "The deadline passed",
}
_TEXT = {"type": "string"}
_ONE_TEXT: dict[str, Any] = {
    "type": "object",
    "properties": {"error": _TEXT},
    "required": ["error"],
    "additionalProperties": False,
}
COMPONENTS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": _TEXT,
                    "message": _TEXT,
                    "row": {"type": "integer", "description": "Counted from 0."},
                    "column": _TEXT,
                    "output": _TEXT,
                    "expected": _TEXT,
                    "got": _TEXT,
                    "status": {"type": "integer", "description": "Of terse errors."},
                    "request_id": {"type": "string", "description": "Of terse errors."},
                },
                "required": ["code", "message"],
                "additionalProperties": False,
            }
        },
        "required": ["error"],
        "additionalProperties": False,
    },
    "V1Error": {**_ONE_TEXT},
    "V2Error": {**_ONE_TEXT},
    "InvocationsError": {
        "type": "object",
        "properties": {"error_code": _TEXT, "message": _TEXT},
        "required": ["error_code", "message"],
        "additionalProperties": False,
    },
}
"""The schemas of errors, by protocol."""


def reference(name: str) -> dict[str, str]:
    """A reference to a schema among the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_body(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """A JSON request body."""
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"required": True, "content": {"application/json": content}}


def json_response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON answer."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def errors(form: str, *codes: str) -> dict[str, Any]:
    """Answers with these status codes; ``form`` names the schema of their errors."""
    responses = {code: json_response(_REASONS[code], reference(form)) for code in codes}
    if "415" in responses:
        responses["415"]["headers"] = {
            "Accept-Encoding": {"description": "What it decodes", "schema": {"type": "string"}}
        }
    if "503" in responses:
        responses["503"]["headers"] = {
            "Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}
        }
    return responses


def get(
    tag: str, summary: str, schema: dict[str, Any] | None = None, form: str = "Error"
) -> dict[str, Operation]:
    """A ``GET`` operation that returns JSON, an object unless ``schema`` is given."""
    answer = json_response(summary, schema or {"type": "object"})
    responses = {"200": answer, **errors(form, "503")}
    return {"get": {"tags": [tag], "summary": summary, "responses": responses}}
