"""``/livez``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from packager.tracker.service.context import ServiceContext
from packager.tracker.service.exposition import (
    EXPOSITION,
    ServiceNumbers,
    counter_lines,
    issue_lines,
    prometheus_lines,
    reconcile_lines,
)
from packager.tracker.sources.source_health import health_of
from packager.tracker.store.tokens import TokenScope


class ServiceHealth:
    """The handlers; the numbers of ``/metrics`` have names of packages, so they need a token."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/livez", self.live, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def live(self, request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """The store answers."""
        await self._context.tracker.read(lambda store: store.setting("session_key"))
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """Numbers of issues and of messages, and whether Alertmanager answers."""
        if not self._context.settings.open_metrics:
            await self._context.auth.require(request, TokenScope.READ)
        sources = self._context.sources
        now = self._context.tracker.clock()
        read = self._context.tracker.read
        numbers = await read(lambda store: ServiceNumbers(
            store.tallies(), store.oldest_open(), health_of(store, "alertmanager"),
            health_of(store, "prometheus"),
        ))  # fmt: skip
        lines = [*issue_lines(numbers, now), *counter_lines(sources.counters)]
        if sources.alertmanagers:
            lines += reconcile_lines(numbers.alertmanager, sources.counters, now)
        if sources.prometheus is not None:
            lines += prometheus_lines(numbers.prometheus, sources.counters)
        return PlainTextResponse("\n".join(lines) + "\n", media_type=EXPOSITION)
