"""Routes: static documents, prediction protocols, and routes that BentoML answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from serving.grpc import methods
from serving.http import messages
from serving.http.messages import RequestError, Response
from serving.openapi import document
from serving.protocols import registry
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ProtocolAdapter
from serving.protocols.uploads import Uploads, may_be_upload
from serving.settings import TRY_PAGE as VARIABLE
from serving.settings import Settings

METRICS = "/metrics"
READY = frozenset(["/readyz", "/ping", "/v2/health/ready"])
"""Routes that report whether to send more requests."""
HEALTH = READY | {"/healthz", "/livez", "/v2/health/live"}
"""Routes that never need a key."""
PROBES = frozenset(["/healthz", "/livez", "/readyz"])
"""Routes that are answered with ``ALIVE``, and not counted."""
UNCOUNTED = PROBES | methods.PROBES
"""Routes, those of the gRPC port too, that aren't counted among the requests."""
PLAIN = "text/plain; charset=utf-8"
ALIVE = Response(200, b"\n", PLAIN)
VIEWER = frozenset(document.VIEWER)
"""The only routes that BentoML answers."""
FEEDBACK = "/feedback"
TRY = "/try"
OTHER = "other"
"""The route label in metrics of every path without a template of its own."""
MEASURED: Mapping[str, Sequence[str]] = {
    "/predict": ("2xx", "4xx", "5xx"),
    FEEDBACK: ("2xx",),
    OTHER: ("2xx", "4xx"),
}
"""Route templates and classes of status codes that metrics have from the start. Others appear with
their first request, because each has fifteen series and most servers never need them."""


@dataclass(frozen=True)
class Routes:
    """The routes of one package."""

    adapters: Mapping[str, ProtocolAdapter]
    """Path → protocol adapter."""
    documents: Mapping[str, Response]
    """Path → answer to ``GET``."""
    uploads: Uploads
    """What ``/predict`` takes besides JSON."""
    try_page: bool = False
    """Whether ``TRY`` is a route."""

    @cached_property
    def direct(self) -> Mapping[bytes, tuple[str, ProtocolAdapter]]:
        """Adapters by raw path, for requests that are answered without ASGI."""
        return {path.encode(): (path, adapter) for path, adapter in self.adapters.items()}

    @classmethod
    def of(cls, manifest: Manifest, golden: Golden | None, settings: Settings) -> Self:
        """All routes of a loaded package."""
        feedback = settings.feedback.on
        described = document.document(
            manifest,
            golden,
            keyed=settings.keys_file is not None,
            metrics_keyed=settings.metrics_auth,
            feedback=feedback,
        )
        budget = settings.budget
        predict = PredictProtocol(manifest.tag, budget)
        adapters = {
            "/predict": predict,
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
        # A route named by the platform speaks the platform's protocol, which may replace ours.
        if settings.predict_route:
            adapters[settings.predict_route] = adapters["/invocations"]
        if settings.health_route and settings.health_route not in PROBES:
            documents[settings.health_route] = documents["/ping"]
        uploads = Uploads(manifest.schema_, predict, budget)
        return cls(adapters, documents, uploads, settings.try_page != "off")

    def protocol(
        self, path: str, headers: Mapping[bytes, bytes], query: bytes
    ) -> ProtocolAdapter | None:
        """The adapter of a request; None for a path without one. Raises ``RequestError`` (415)."""
        adapter = self.adapters.get(path)
        if path == PredictProtocol.route and may_be_upload(headers):
            return self.uploads.protocol(headers, query) or adapter
        return adapter

    def check(self, method: str, path: str) -> None:
        """Raise ``RequestError``: 404 for an unknown path, 405 for a wrong method."""
        if path == TRY:
            self._check_try(method)
            return
        if path in self.adapters or path == FEEDBACK:
            allowed = "POST"
        elif path in self.documents or path in PROBES | VIEWER or path == METRICS:
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

    def _check_try(self, method: str) -> None:
        if not self.try_page:
            raise RequestError(
                404, "try_page_off", "this server has no page to try it", expected=f"{VARIABLE}=on"
            )
        if method not in ("GET", "HEAD", "POST"):
            raise RequestError(
                405,
                "method_not_allowed",
                f"{TRY} takes GET and POST",
                headers={"Allow": "GET, HEAD, POST"},
                expected="GET or POST",
                got=method,
            )

    def spoken(self, path: str) -> str:
        """The route that decides the error format of ``path``, also for a platform's own path."""
        adapter = self.adapters.get(path)
        return path if adapter is None or path.startswith("/v2") else adapter.route

    def template(self, path: str) -> str:
        """The route label of a path in metrics and logs."""
        adapter = self.adapters.get(path)
        if adapter is not None:
            return adapter.route
        own = path in methods.METHODS or (path == TRY and self.try_page)
        return path if path == FEEDBACK or own else OTHER
