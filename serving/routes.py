"""Which path is answered how: documents made once, exchanges that predict, BentoML's own routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from serving.http import messages
from serving.http.messages import RequestError, Response
from serving.openapi import document
from serving.protocols import registry
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ProtocolAdapter
from serving.settings import Settings

METRICS = "/metrics"
READY = frozenset(["/readyz", "/ping", "/v2/health/ready"])
"""They say whether to send more requests."""
HEALTH = READY | {"/healthz", "/livez", "/v2/health/live"}
"""Open to everybody, keys or none."""
DELEGATED = frozenset(["/healthz", "/livez", "/readyz", *document.VIEWER])
"""BentoML answers these, and nothing else goes there."""
FEEDBACK = "/feedback"
OTHER = "other"
"""What metrics call every path that isn't an exchange or ``FEEDBACK``."""
MEASURED: Mapping[str, Sequence[str]] = {
    "/predict": ("2xx", "4xx", "5xx"),
    FEEDBACK: ("2xx",),
    OTHER: ("2xx", "4xx"),
}
"""Route templates and classes of status codes that metrics have from the start. Others appear with
their first request: each is fifteen series, and most servers never see one."""


@dataclass(frozen=True)
class Routes:
    """The routes of one package."""

    adapters: Mapping[str, ProtocolAdapter]
    """Path → the protocol spoken there."""
    documents: Mapping[str, Response]
    """Path → what ``GET`` answers there."""

    @cached_property
    def direct(self) -> Mapping[bytes, tuple[str, ProtocolAdapter]]:
        """Exchanges by the path as it comes, for requests that are answered on the spot."""
        return {path.encode(): (path, adapter) for path, adapter in self.adapters.items()}

    @classmethod
    def of(cls, manifest: Manifest, golden: Golden | None, settings: Settings) -> Self:
        """All that a loaded package answers."""
        feedback = settings.feedback.on
        described = document.document(
            manifest,
            golden,
            keyed=settings.keys_file is not None,
            metrics_keyed=settings.metrics_auth,
            feedback=feedback,
        )
        budget = settings.budget
        adapters = {
            "/predict": PredictProtocol(manifest.tag, budget),
            **registry.protocol_adapters(manifest, budget),
        }
        documents = {
            "/schema": Response(200, messages.encode(messages.schema_document(manifest, golden))),
            "/package": Response(200, manifest.dump()),
            "/docs": Response(
                200, document.PAGE, "text/html; charset=utf-8", document.PAGE_HEADERS
            ),
            "/docs.json": Response(200, messages.encode(described)),
            **registry.documents(manifest, golden, tokens=feedback),
        }
        # A platform that names its route speaks its own protocol there, whatever else we speak.
        if settings.predict_route:
            adapters[settings.predict_route] = adapters["/invocations"]
        if settings.health_route and settings.health_route not in DELEGATED:
            documents[settings.health_route] = documents["/ping"]
        return cls(adapters, documents)

    def check(self, method: str, path: str) -> None:
        """Raise ``RequestError``: 404 where nothing answers, 405 where not to this method."""
        if path in self.adapters or path == FEEDBACK:
            allowed = "POST"
        elif path in self.documents or path in DELEGATED or path == METRICS:
            allowed = "GET"
        else:
            raise RequestError(404, "not_found", "there is no such route", expected="see /docs")
        if method == allowed or (method == "HEAD" and allowed == "GET"):
            return
        raise RequestError(
            405,
            "method_not_allowed",
            f"{path} takes {allowed}",
            headers={"Allow": "GET, HEAD" if allowed == "GET" else allowed},
            expected=allowed,
            got=method,
        )

    def spoken(self, path: str) -> str:
        """The route whose protocol ``path`` speaks: a platform's own path has another's."""
        adapter = self.adapters.get(path)
        return path if adapter is None or path.startswith("/v2") else adapter.route

    def template(self, path: str) -> str:
        """The path as metrics and logs name it."""
        adapter = self.adapters.get(path)
        if adapter is not None:
            return adapter.route
        return path if path == FEEDBACK else OTHER
