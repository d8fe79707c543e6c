"""KServe's V1 protocol: ``/v1/models``, also spoken by clients of TensorFlow Serving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.manifest.manifest import Manifest
from serving.http.limits import Budget
from serving.protocols.answer_form import JSON
from serving.protocols.invocations import Invocations, Rows
from serving.protocols.protocol import ScoredRows

FORMS = ("instances", "inputs")
IGNORED = frozenset({"signature_name"})
"""Keys of clients of TensorFlow Serving, which choose among functions of a model."""


class V1Predict:
    """``POST /v1/models/{name}:predict``: instances or inputs to ``{"predictions": […]}``."""

    route = "/v1/models/{name}:predict"

    def __init__(self, manifest: Manifest, budget: Budget = Budget()) -> None:
        self._invocations = Invocations(manifest, budget)

    def rows(self, body: bytes, _headers: Mapping[bytes, bytes]) -> tuple[Rows, None]:
        """The rows in JSON, whatever the content type: clients send several for it."""
        return self._invocations.json_rows(body, FORMS, IGNORED), None

    def body(self, context: None, scored: ScoredRows) -> tuple[bytes, Mapping[str, str]]:  # noqa: ARG002
        """As ``/invocations`` answers in JSON; see ``ProtocolAdapter.body``."""
        return self._invocations.body(JSON, scored)


def model_path(manifest: Manifest) -> str:
    """The path that reports whether the model is ready, and begins that of its predictions."""
    return f"/v1/models/{manifest.name}"


def v1_documents(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Path → answer to ``GET``, once the model is ready; KServe's client asks ``/`` for life."""
    return {
        "/": {"status": "alive"},
        "/v1/models": {"models": [manifest.name]},
        model_path(manifest): {"name": manifest.name, "ready": True},
    }
