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
from serving.http.decoding import ACCEPTED
from serving.http.fixed_answers import fixed_answer
from serving.http.messages import RequestError, Response
from serving.not_found import not_found
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
HEALTH = READY | {"/", "/healthz", "/livez", "/v2/health/live"}
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
EVERYTHING = "*"
"""The target of an ``OPTIONS`` request that means the whole server (RFC 9110, 9.3.7)."""
GET_METHODS, POST_METHODS = "GET, HEAD, OPTIONS", "POST, OPTIONS"
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
    """The media types of ``/predict`` besides JSON."""
    try_page: bool = False
    """Whether ``TRY`` is a route."""
    readiness: frozenset[str] = READY
    """Paths that answer 503 while the model is not ready."""
    prefix: str = ""
    """The prefix of paths, if a proxy does not strip it."""
    model: str = ""
    version: str = ""

    @cached_property
    def direct(self) -> Mapping[bytes, tuple[str, ProtocolAdapter]]:
        """Adapters by raw path, for requests that are answered without ASGI."""
        return {
            f"{prefix}{path}".encode(): (path, adapter)
            for path, adapter in self.adapters.items()
            for prefix in {self.prefix, ""}
        }

    def path(self, requested: str) -> str:
        """The path without the prefix; one that is a route as it is keeps it."""
        if not self.prefix or not requested.startswith(self.prefix) or requested in self._known:
            return requested
        rest = requested[len(self.prefix) :]
        return rest if rest.startswith("/") else requested if rest else "/"

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
            prefix=settings.http.url_prefix,
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
            documents.pop(settings.predict_route, None)
        if settings.health_route and settings.health_route not in PROBES:
            documents[settings.health_route] = documents["/ping"]
        return cls(
            adapters,
            {path: fixed_answer(answer) for path, answer in documents.items()},
            Uploads(manifest.schema_, predict, budget),
            settings.try_page != "off",
            READY | registry.readiness_paths(manifest) | {settings.health_route},
            settings.http.url_prefix,
            manifest.name,
            manifest.tag,
        )

    def protocol(
        self, path: str, headers: Mapping[bytes, bytes], query: bytes
    ) -> ProtocolAdapter | None:
        """The adapter of a request; None for a path without one. Raises ``RequestError`` (415)."""
        adapter = self.adapters.get(path)
        if path == PredictProtocol.route and may_be_upload(headers):
            return self.uploads.protocol(headers, query) or adapter
        return adapter

    @cached_property
    def _known(self) -> frozenset[str]:
        """Every path that is answered."""
        own = (FEEDBACK, METRICS, registry.REPOSITORY_INDEX, *([TRY] if self.try_page else ()))
        return frozenset([*self.adapters, *self.documents, *PROBES, *VIEWER, *own])

    def allowed(self, path: str) -> str | None:
        """The methods of a path; None for an unknown one."""
        if path in self.adapters or path in (FEEDBACK, registry.REPOSITORY_INDEX):
            return POST_METHODS
        if path == EVERYTHING or (path == TRY and self.try_page):
            return f"GET, HEAD, {POST_METHODS}"
        return GET_METHODS if path in self._known else None

    def check(self, method: str, path: str) -> None:
        """Raise ``RequestError``: 404 for an unknown path, 405 for a wrong method."""
        if method == "POST" and path in self.adapters:
            return
        allowed = self.allowed(path)
        if path == TRY and not self.try_page:
            raise RequestError(
                404, "try_page_off", "this server has no page to try it", expected=f"{VARIABLE}=on"
            )
        if allowed is None:
            known = self._known - VIEWER
            raise not_found(path, known, self.model, self.version)
        if method in allowed.split(", ") and (path != EVERYTHING or method == "OPTIONS"):
            return
        first = allowed.partition(",")[0]
        raise RequestError(
            405,
            "method_not_allowed",
            f"{path} takes {first}",
            headers={"Allow": allowed},
            expected=first,
            got=method,
        )

    def options(self, path: str) -> Response:
        """The answer to ``OPTIONS`` of a known path, with the codings of its bodies (RFC 7694)."""
        headers = {"Allow": self.allowed(path) or ""}
        if "POST" in headers["Allow"]:
            headers["Accept-Encoding"] = ACCEPTED
        return Response(204, b"", headers=headers)

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
