"""Adapters for protocols of existing clients.

They are Open Inference Protocol V2 (KServe, Triton), KServe's V1, and ``/invocations`` and
``/ping`` of MLflow and SageMaker. An error has the format of the protocol of its route.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from serving.http.limits import Budget
from serving.http.messages import RequestError, Response, encode
from serving.protocols import v1, v2
from serving.protocols.invocations import Invocations
from serving.protocols.parsing import json_object, malformed
from serving.protocols.protocol import ProtocolAdapter

ROUTES = (v2.Infer.route, v1.V1Predict.route, Invocations.route)
REPOSITORY_INDEX = "/v2/repository/index"
"""The route of clients of Triton and MLServer that ask for all models, by ``POST``."""
_MLFLOW_CODES = {
    401: "UNAUTHENTICATED",
    404: "ENDPOINT_NOT_FOUND",
    405: "ENDPOINT_NOT_FOUND",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "TEMPORARILY_UNAVAILABLE",
}

_COMPLETE = ("invalid_row", "not_found", "method_not_allowed")
"""Codes of errors whose message needs no details."""


def protocol_adapters(
    manifest: Manifest, budget: Budget = Budget()
) -> Mapping[str, ProtocolAdapter]:
    """Path → adapter, for every POST route of these protocols."""
    infer = v2.Infer(manifest, budget)
    return {
        "/invocations": Invocations(manifest, budget),
        f"{v1.model_path(manifest)}:predict": v1.V1Predict(manifest, budget),
        **{f"{path}/infer": infer for path in _model_paths(manifest)},
    }


def documents(
    manifest: Manifest, golden: Golden | None, *, tokens: bool = False
) -> Mapping[str, Response]:
    """Path → answer, for every GET route of these protocols, once the model is ready.

    ``tokens``: whether answers contain feedback tokens.
    """
    server = server_description(manifest)
    described = v2.metadata(manifest, golden, tokens=tokens)
    responses = {
        "/ping": Response(200, b"\n", "text/plain"),
        "/v2": _json(server),
        "/v2/health/live": _json({"live": True}),
        "/v2/health/ready": _json({"ready": True}),
        "/v2/models": _json({"models": [manifest.name]}),
        **{path: _json(document) for path, document in v1.v1_documents(manifest).items()},
    }
    for path in _model_paths(manifest):
        responses[path] = _json(described)
        responses[f"{path}/ready"] = _json({"name": manifest.name, "ready": True})
    return responses


def repository_index(manifest: Manifest, body: bytes, *, ready: bool) -> Response:
    """The answer to ``REPOSITORY_INDEX``; ``ready``: whether the model accepts requests.

    ``{"ready": true}`` asks for the models that do. Raises ``RequestError`` for another body.
    """
    document = json_object(body, Budget()) if body.strip() else {}
    only_ready = document.get("ready", False)
    if not isinstance(only_ready, bool):
        raise malformed("'ready' is not a boolean", "true or false", only_ready)
    return Response(200, encode(indexed_models(manifest, ready=ready, only_ready=only_ready)))


def indexed_models(manifest: Manifest, *, ready: bool, only_ready: bool) -> list[dict[str, str]]:
    """The models of a repository index, all of them or those that are ``ready``."""
    state = "READY" if ready else "UNAVAILABLE"
    model = {"name": manifest.name, "version": manifest.tag, "state": state, "reason": ""}
    return [model] if ready or not only_ready else []


def readiness_paths(manifest: Manifest) -> frozenset[str]:
    """The paths that answer 503 while the model is not ready."""
    return frozenset(
        [
            *("/ping", "/v2/health/ready", v1.model_path(manifest)),
            *(f"{path}/ready" for path in _model_paths(manifest)),
        ]
    )


def server_description(manifest: Manifest) -> dict[str, Any]:
    """The metadata of the server in the Open Inference Protocol."""
    return {
        "name": "model-packager",
        "version": manifest.runtime[:12],
        "extensions": ["binary_tensor_data"],
    }


def refusal(path: str, error: RequestError) -> Response:
    """``error`` in the format of the protocol of ``path``."""
    if path == "/v2" or path.startswith(("/v1/", "/v2/")):
        return Response(error.status, encode({"error": sentence(error)}), headers=error.headers)
    if path in ("/invocations", "/ping"):
        code = _MLFLOW_CODES.get(error.status, "BAD_REQUEST")
        body = {"error_code": code, "message": sentence(error)}
        return Response(error.status, encode(body), headers=error.headers)
    return error.response()


def sentence(error: RequestError) -> str:
    """Message and details of an error in one sentence."""
    expected, got = error.details.get("expected"), error.details.get("got")
    if error.code in _COMPLETE or not expected:
        return error.message
    return f"{error.message}: expected {expected}" + (f", got {got}" if got is not None else "")


def _model_paths(manifest: Manifest) -> tuple[str, str]:
    path = f"/v2/models/{manifest.name}"
    return path, f"{path}/versions/{manifest.tag}"


def _json(document: dict[str, Any]) -> Response:
    return Response(200, encode(document))
