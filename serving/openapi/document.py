"""The OpenAPI document of a package, and a page that shows it.

BentoML's own page can't be used: it lacks these routes and loads a tracker from a third party. Only
its bundled viewer is used.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from serving.openapi import answers, columns, protocols
from serving.openapi.parts import (
    COMPONENTS,
    Operation,
    errors,
    get,
    json_body,
    json_response,
    reference,
)
from serving.openapi.uploads import with_uploads

VIEWER = ("/static_content/swagger-ui.css", "/static_content/swagger-ui-bundle.js")

_START = 'SwaggerUIBundle({url: "docs.json", dom_id: "#viewer", validatorUrl: null});'
PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Model</title>
<link rel="stylesheet" href="static_content/swagger-ui.css">
<div id="viewer"></div>
<script src="static_content/swagger-ui-bundle.js"></script>
<script>{_START}</script>
</html>
""".encode()
_DIGEST = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self' 'sha256-{_DIGEST}'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""The page may run only the viewer and its inline line, connect only to this server, and not be
framed."""

_BEARER = {"type": "http", "scheme": "bearer", "description": "One of this server's keys."}


def document(
    manifest: Manifest,
    golden: Golden | None,
    *,
    keyed: bool = False,
    metrics_keyed: bool = False,
    feedback: bool = False,
) -> dict[str, Any]:
    """OpenAPI 3.1 for this package on this server.

    ``keyed``: predictions need a bearer key; ``metrics_keyed``: metrics need one. ``feedback``:
    answers contain tokens, and ``/feedback`` accepts late labels.
    """
    example = golden.rows[0] if golden is not None and golden.rows else {}
    paths: dict[str, dict[str, Operation]] = {
        "/predict": {"post": with_uploads(_predict(example), manifest, example)},
        **(
            {"/feedback": {"post": _feedback(answers=bool(manifest.schema_.outputs))}}
            if feedback
            else {}
        ),
        **_package_operations(),
        **protocols.paths(manifest, example),
        **_health_operations(),
    }
    schemas = {
        "Row": columns.row(manifest, example),
        "Prediction": answers.prediction(manifest),
        "Answer": _answer(manifest, golden, tokens=feedback),
        **protocols.schemas(manifest),
        **COMPONENTS,
    }
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": manifest.name,
            "version": manifest.tag,
            "description": "Every prediction passes the same validation, model and counters, "
            "whatever the protocol.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if keyed or metrics_keyed:
        described["components"]["securitySchemes"] = {"bearer": _BEARER}
        _close(paths, keyed=keyed, metrics_keyed=metrics_keyed)
    return described


def _predict(example: Mapping[str, Any]) -> Operation:
    body = {
        "type": "object",
        "properties": {"rows": {"type": "array", "minItems": 1, "items": reference("Row")}},
        "required": ["rows"],
        "additionalProperties": False,
    }
    answer = {
        "type": "object",
        "properties": {
            "version": {"type": "string", "description": "Version and root of the package."},
            "predictions": {"type": "array", "items": reference("Answer")},
        },
        "required": ["version", "predictions"],
        "additionalProperties": False,
    }
    return {
        "tags": ["predict"],
        "operationId": "predict",
        "summary": "Predict for some rows",
        "description": "One invalid row rejects the whole request.",
        "requestBody": json_body(body, {"rows": [dict(example)]} if example else None),
        "responses": {
            "200": json_response("Answers, in the order of the rows", answer),
            **errors("Error", "400", "413", "415", "422", "500", "503", "504"),
        },
    }


def _answer(manifest: Manifest, golden: Golden | None, *, tokens: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"prediction": reference("Prediction")}
    probabilities = answers.probabilities(manifest, golden)
    if probabilities is not None:
        entry["probabilities"] = probabilities
    unusual = "What is unusual: `column:missing`, `:unseen`, `:out_of_range`"
    members = ", `member:no_answer`" if manifest.solution is not None else ""
    entry["flags"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": f"{unusual}{members}.",
    }
    if tokens:
        entry["token"] = {"type": "string", "description": "To send to /feedback with the label."}
    return {"type": "object", "properties": entry, "required": list(entry)}


def _label_pair(*, answers: bool) -> dict[str, Any]:
    """One item of ``/feedback``; a malformed one is rejected alone, so no type is required."""
    token = {"description": "The token of the answer, as text."}
    if not answers:
        actual = (
            "The true label: text, a number or a boolean. Null, "
            "NaN, an empty text or none: not known yet, so the token is kept for later."
        )
        return {
            "description": "An object of `token` and `actual`; anything else is rejected by "
            "itself.",
            "properties": {"token": token, "actual": {"description": actual}},
        }
    actual = (
        "The true label in the form of the answer, or some of it: some outputs; of a set "
        "`{label: boolean}`; of numbers `{place: number}`. Null or none: not known yet, so the "
        "token is kept for later."
    )
    answer = {"description": "The prediction of that answer, unchanged."}
    return {
        "description": "An object of `token`, `answer` and `actual`; anything else is rejected by "
        "itself.",
        "properties": {"token": token, "answer": answer, "actual": {"description": actual}},
    }


def _feedback(*, answers: bool) -> Operation:
    pair = _label_pair(answers=answers)
    example = dict.fromkeys(pair["properties"], "…")
    body = {"type": "array", "items": pair}
    rejected = {
        "type": "object",
        "properties": {"index": {"type": "integer"}, "reason": {"type": "string"}},
        "required": ["index", "reason"],
    }
    answer = {
        "type": "object",
        "properties": {
            "accepted": {"type": "integer"},
            "skipped": {"type": "integer", "description": "Tokens without a label yet."},
            "rejected": {"type": "array", "items": rejected},
        },
        "required": ["accepted", "skipped", "rejected"],
    }
    return {
        "tags": ["predict"],
        "operationId": "feedback",
        "summary": "Send true labels",
        "requestBody": json_body(body, [example]),
        "responses": {
            "200": json_response("Counted labels, and reasons for rejected ones", answer),
            **errors("Error", "400", "413", "422", "500", "503", "504"),
        },
    }


def _package_operations() -> dict[str, dict[str, Operation]]:
    """The operations that describe the package."""
    return {
        "/schema": get("package", "Columns, kinds, ranges and categories, and a row to try"),
        "/package": get("package", "The manifest of this package"),
    }


def _health_operations() -> dict[str, dict[str, Operation]]:
    """The operations for operators: health and metrics."""
    text = {"text/plain": {"schema": {"type": "string"}}}
    failing = {"503": {"description": "Unavailable", "content": text}}
    health: dict[str, dict[str, Operation]] = {
        path: {
            "get": {
                "tags": ["operation"],
                "summary": summary,
                "responses": {"200": {"description": "OK", "content": text}, **failing},
            }
        }
        for path, summary in (
            ("/healthz", "Whether the server is healthy"),
            ("/livez", "Whether the server is alive"),
            ("/readyz", "Whether the server accepts requests"),
        )
    }
    metrics = {"description": "Prometheus' text format", "content": text}
    return {
        **health,
        "/metrics": {
            "get": {"tags": ["operation"], "summary": "Metrics", "responses": {"200": metrics}}
        },
    }


def _close(
    paths: Mapping[str, Mapping[str, Operation]], *, keyed: bool, metrics_keyed: bool
) -> None:
    """Mark the operations that need a key; health never does."""
    for path, methods in paths.items():
        needed = metrics_keyed if path == "/metrics" else keyed and not protocols.is_health(path)
        for operation in methods.values() if needed else ():
            operation["security"] = [{"bearer": []}]
            form = protocols.error_form(path)
            operation["responses"] = {**operation["responses"], **errors(form, "401")}
