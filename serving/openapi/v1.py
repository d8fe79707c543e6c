"""The routes of KServe's V1 protocol in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.manifest.manifest import Manifest
from serving.openapi.parts import Operation, errors, get, json_body, json_response, reference
from serving.protocols.v1 import FORMS, model_path

TAG = "KServe V1"


def v1_paths(manifest: Manifest, example: Mapping[str, Any]) -> dict[str, dict[str, Operation]]:
    """Operations by path and method."""
    path = model_path(manifest)
    cells = [example.get(column.name) for column in manifest.schema_.features]
    return {
        "/": _get("Whether the server is alive", "status", form="Error"),
        "/v1/models": _get("The names of the models", "models"),
        path: _get("Whether the model accepts requests", "name", "ready"),
        f"{path}:predict": {
            "post": {
                "tags": [TAG],
                "summary": "Predict for some rows",
                "requestBody": json_body(
                    reference("V1Request"), {"instances": [cells]} if example else None
                ),
                "responses": {
                    "200": json_response(
                        "Predictions, in the order of the rows", reference("InvocationsAnswer")
                    ),
                    **errors("V1Error", "400", "413", "415", "422", "500", "503", "504"),
                },
            }
        },
    }


def v1_request(forms: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The schema of a request; ``forms``: those of rows in ``/invocations``, by name."""
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": {name: forms[name], "signature_name": {"type": "string"}},
                "required": [name],
                "additionalProperties": False,
            }
            for name in FORMS
        ]
    }


def _get(summary: str, *required: str, form: str = "V1Error") -> dict[str, Operation]:
    return get(TAG, summary, {"type": "object", "required": list(required)}, form)
