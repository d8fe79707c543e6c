"""The application: its routes, headers and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from packager.tracker.notify.channels import Channel
from packager.tracker.service.admin_api import AdminApi
from packager.tracker.service.api import IssueApi
from packager.tracker.service.auth import Authenticator, session_key
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.health import ServiceHealth
from packager.tracker.service.incoming import IncomingMessages
from packager.tracker.service.maintenance import maintain_periodically
from packager.tracker.service.messages import send_messages
from packager.tracker.service.mirror_api import MirrorApi
from packager.tracker.service.pages.routes import Pages
from packager.tracker.service.problems import RefusedError, on_problem, on_store_error
from packager.tracker.service.reconciling import enrich_periodically, reconcile_periodically
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.sources import ServiceSources
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.database import StoreError

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
BACKGROUND = (maintain_periodically, send_messages, reconcile_periodically, enrich_periodically)
"""Background tasks, until the service ends."""


class SafeHeaders:
    """Adds ``HEADERS`` to every answer that doesn't set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and change the head of its answer."""

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in HEADERS.items()
                        if name.encode() not in own
                    ),
                ]
            await send(message)

        await self._app(scope, receive, send_safe)


def create_app(
    tracker: Tracker, settings: ServiceSettings, channels: Sequence[Channel] = ()
) -> Starlette:
    """The application of a service whose store is open."""
    with tracker.store.write() as store:
        key = session_key(store)
    auth = Authenticator(tracker, settings, key)
    sources = ServiceSources(settings, tracker.clock())
    context = ServiceContext(tracker, settings, auth, sources, tuple(channels))
    pages = Pages(context)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(one(context)) for one in BACKGROUND]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tracker.close()

    app = Starlette(
        routes=[
            *IssueApi(context).routes(),
            *MirrorApi(context).routes(),
            *AdminApi(context).routes(),
            *ServiceHealth(context).routes(),
            *IncomingMessages(context).routes(),
            *pages.routes(),
        ],
        lifespan=lifespan,
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={
            RefusedError: on_problem,
            HTTPException: pages.on_http_error,
            StoreError: on_store_error,
        },
    )
    app.state.context = context
    return app
