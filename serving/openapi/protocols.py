"""The routes of other protocols in the OpenAPI document.

JSON Schema can't express how many elements a tensor needs, nor that columns have equal lengths:
such a request is valid by the document, and refused by the server (422).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packager.manifest.manifest import Column, Manifest
from serving.openapi.forms import cell_list, dataframe_split, exactly_one, row_forms
from serving.openapi.parts import Operation, errors, get, json_body, json_response, reference
from serving.openapi.v1 import v1_paths, v1_request
from serving.protocols.answer_form import CSV, JSON_LINES
from serving.protocols.registry import REPOSITORY_INDEX
from serving.protocols.v2_outputs import OutputTensors
from serving.protocols.v2_tensors import DATATYPES
from serving.protocols.v2_values import datatype

_V2 = "Open Inference Protocol V2"
_MLFLOW = "MLflow and SageMaker"
_NAME = {"type": "string"}
_PARAMETERS = {"type": ["object", "null"]}
_LIST: dict[str, Any] = {"type": "array", "items": {}}
_SHAPE = {
    "type": "array",
    "items": {"type": "integer", "minimum": 0},
    "minItems": 1,
    "description": "[rows] or [rows, 1]; for an array [rows, …] with its shape, or [rows, size]; "
    "[rows, features] for one tensor with all features.",
}


def is_health(path: str) -> bool:
    """Whether ``path`` reports health, which needs no key."""
    return path in ("/", "/ping", "/healthz", "/livez", "/readyz") or path.startswith("/v2/health/")


def error_form(path: str) -> str:
    """The name of the schema of errors on ``path``."""
    if path == "/v2" or path.startswith("/v2/"):
        return "V2Error"
    if path.startswith("/v1/"):
        return "V1Error"
    return "InvocationsError" if path in ("/invocations", "/ping") else "Error"


def paths(manifest: Manifest, example: Mapping[str, Any]) -> dict[str, dict[str, Operation]]:
    """Operations by path and method."""
    text = {"text/plain": {"schema": {"type": "string"}}}
    operations: dict[str, dict[str, Operation]] = {
        "/invocations": {"post": _invocations(manifest, example)},
        "/ping": {
            "get": {
                "tags": [_MLFLOW],
                "summary": "Whether the server accepts requests",
                "responses": {
                    "200": {"description": "OK", "content": text},
                    **errors("InvocationsError", "503"),
                },
            }
        },
        "/v2": _get("The server and its extensions", "name", "version", "extensions"),
        "/v2/health/live": _get("Whether the server is alive", "live"),
        "/v2/health/ready": _get("Whether the server accepts requests", "ready"),
        "/v2/models": _get("The names of the models", "models"),
        REPOSITORY_INDEX: {"post": _repository_index()},
        **v1_paths(manifest, example),
    }
    for path in (
        f"/v2/models/{manifest.name}",
        f"/v2/models/{manifest.name}/versions/{manifest.tag}",
    ):
        operations[path] = _get("Inputs and outputs of the model", "name", "inputs", "outputs")
        operations[f"{path}/ready"] = _get("Whether the model accepts requests", "name", "ready")
        operations[f"{path}/infer"] = {"post": _infer(manifest, example)}
    return operations


def schemas(manifest: Manifest) -> dict[str, Any]:
    """The schemas that these operations refer to."""
    forms = row_forms(manifest)
    predictions = {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": reference("Prediction")}},
        "required": ["predictions"],
        "additionalProperties": False,
    }
    return {
        "V2Request": _v2_request(manifest),
        "V2Answer": _v2_answer(manifest),
        "DataframeSplit": dataframe_split(manifest),
        "InputColumns": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": cell_list(manifest),
        },
        "Invocations": exactly_one(forms),
        "V1Request": v1_request(forms),
        "InvocationsAnswer": predictions,
    }


def _v2_request(manifest: Manifest) -> dict[str, Any]:
    ranks = [len(column.shape or ()) for column in manifest.schema_.features]
    scalar = {"type": ["number", "string", "boolean", "null"]}
    tensor = {
        "type": "object",
        "properties": {
            "name": {**_NAME, "description": "A column."},
            "shape": {**_SHAPE, "maxItems": 1 + max([1, *ranks])},
            "datatype": {"enum": list(DATATYPES)},
            "parameters": _PARAMETERS,
            "data": {
                "type": "array",
                "items": {"anyOf": [scalar, _LIST]},
                "description": "Row by row, flat or nested; null where there is no value. "
                "Bytes are base64, or text with the parameter `content_type` `str`; a list is "
                "its JSON text.",
            },
        },
        "required": ["name", "shape", "datatype"],
    }
    output = {
        "type": "object",
        "properties": {
            "name": {"enum": list(OutputTensors(manifest).names)},
            "parameters": _PARAMETERS,
        },
        "required": ["name"],
    }
    return {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"]},
            "parameters": _PARAMETERS,
            "inputs": {"type": "array", "minItems": 1, "items": tensor},
            "outputs": {"type": ["array", "null"], "items": output},
        },
        "required": ["inputs"],
    }


def _v2_answer(manifest: Manifest) -> dict[str, Any]:
    tensor = {
        "type": "object",
        "properties": {
            "name": {"enum": list(OutputTensors(manifest).names)},
            "datatype": {"enum": list(DATATYPES)},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
            "parameters": {"type": "object"},
            "data": {**_LIST, "description": "Row by row, flat; null if not finite."},
        },
        "required": ["name", "datatype", "shape"],
    }
    return {
        "type": "object",
        "properties": {
            "model_name": {"const": manifest.name},
            "model_version": {"const": manifest.tag},
            "id": _NAME,
            "outputs": {"type": "array", "items": tensor},
        },
        "required": ["model_name", "model_version", "outputs"],
    }


def _infer(manifest: Manifest, example: Mapping[str, Any]) -> Operation:
    content: dict[str, Any] = {"schema": reference("V2Request")}
    if example:
        features = manifest.schema_.features
        content["example"] = {"inputs": [_tensor(c, example.get(c.name)) for c in features]}
    raw = {"schema": {"type": "string", "format": "binary"}}
    answer = json_response("Outputs, one element a row", reference("V2Answer"))
    answer["content"]["application/octet-stream"] = raw
    return {
        "tags": [_V2],
        "summary": "Predict for some rows",
        "description": "Raw tensors may follow the JSON; the header "
        "`Inference-Header-Content-Length` then gives its size in bytes; also in answers.",
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": answer,
            **errors("V2Error", "400", "413", "415", "422", "500", "503", "504"),
        },
    }


def _invocations(manifest: Manifest, example: Mapping[str, Any]) -> Operation:
    content: dict[str, Any] = {
        "application/json": {"schema": reference("Invocations")},
        "text/csv": {
            "schema": {
                "type": "string",
                "description": "With a header, or with the features in the schema's order.",
            }
        },
        JSON_LINES[0]: {
            "schema": {
                "type": "string",
                "description": "A line a row: an object, or a list in the schema's order.",
            }
        },
    }
    if example:
        names = [column.name for column in manifest.schema_.features]
        cells = [example.get(name) for name in names]
        split = {"columns": names, "data": [cells]}
        content["application/json"]["examples"] = {
            "dataframe_split": {"value": {"dataframe_split": split}},
            "dataframe_records": {"value": {"dataframe_records": [dict(example)]}},
            "inputs": {"value": {"inputs": {name: [example.get(name)] for name in names}}},
            "instances": {"value": {"instances": [cells]}},
        }
    answer = json_response("Predictions, in the order of the rows", reference("InvocationsAnswer"))
    for form, line in ((CSV, "a prediction"), (JSON_LINES[0], 'an object `{"prediction": …}`')):
        described = {"type": "string", "description": f"With `Accept: {form}`: {line} a line."}
        answer["content"][form] = {"schema": described}
    return {
        "tags": [_MLFLOW],
        "summary": "Predict for some rows",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": answer,
            **errors("InvocationsError", "400", "413", "415", "422", "500", "503", "504"),
        },
    }


def _repository_index() -> Operation:
    model = {
        "type": "object",
        "properties": dict.fromkeys(("name", "version", "reason"), _NAME)
        | {"state": {"enum": ["READY", "UNAVAILABLE"]}},
        "required": ["name", "version", "state", "reason"],
    }
    body = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
    return {
        "tags": [_V2],
        "summary": "The models, or those that are ready",
        "requestBody": {**json_body(body, None), "required": False},
        "responses": {
            "200": json_response("One entry a model", {"type": "array", "items": model}),
            **errors("V2Error", "400", "413", "415", "422", "503"),
        },
    }


def _tensor(column: Column, value: Any) -> dict[str, Any]:
    if column.kind == "list" and value is not None:
        value = json.dumps(value)
    return {
        "name": column.name,
        "shape": [1, *(column.shape or ())],
        "datatype": datatype(column),
        "data": [value],
    }


def _get(summary: str, *required: str) -> dict[str, Operation]:
    return get(_V2, summary, {"type": "object", "required": list(required)}, "V2Error")
