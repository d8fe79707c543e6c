"""``/livez``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from packager.tracker.service.context import ServiceContext
from packager.tracker.store.reader import Reader, Tally

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class ServiceHealth:
    """The handlers; none of them needs a token, and none tells more than numbers."""

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
        """Numbers of issues by package, state and band."""
        found = await self._context.tracker.read(Reader.tallies)
        return PlainTextResponse("\n".join(exposition(found)) + "\n", media_type=EXPOSITION)


def exposition(tallies: list[Tally]) -> list[str]:
    """Lines of Prometheus's text format."""
    lines = [
        "# HELP issues Issues by package, state and band.",
        "# TYPE issues gauge",
    ]
    lines += [
        f'issues{{package="{_escaped(one.package)}",state="{one.state}",band="P{one.band}"}}'
        f" {one.n}"
        for one in tallies
    ]
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
