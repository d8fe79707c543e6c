"""BentoML's own application, which serves the files of the viewer at ``/docs``.

To import BentoML and to build its application takes a second and 50 MB, and few servers are asked
for these files: it is built in a thread, when a worker gets the first request for one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from serving.http.asgi import ASGIApp, Message, Receive, Send
from serving.http.fixed_answers import fixed_answer
from serving.http.messages import Response
from serving.settings import Settings

logger = logging.getLogger("serving")


class ViewerFiles:
    """The files of the viewer, each requested from an application once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._responses: dict[str, Response] = {}

    async def get(self, path: str) -> Response:
        """The file at ``path``; the application's own answer if it has none."""
        response = self._responses.get(path)
        if response is None:
            response = await fetched(self._app, path)
            if response.status == 200:
                self._responses[path] = response
        return response


async def fetched(app: ASGIApp, path: str) -> Response:
    """The answer of ``app`` to a plain ``GET``."""
    scope: Message = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": None,
        "server": None,
        "state": {},
    }
    messages: list[Message] = []

    event = asyncio.Event()

    async def receive() -> Message:
        if event.is_set():  # it waits for a disconnect, which doesn't come
            await asyncio.get_running_loop().create_future()
        event.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    body = b"".join(message.get("body", b"") for message in messages[1:])
    kind = dict(start["headers"]).get(b"content-type", b"application/octet-stream")
    return fixed_answer(Response(start["status"], body, kind.decode("latin-1")))


class DeferredApp:
    """An ASGI application that is built and started at its first request."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        """``build`` runs in a thread; its error fails this request and all later ones."""
        self._build = build
        self._built: asyncio.Task[ASGIApp] | None = None
        self._lifespan: asyncio.Task[None] | None = None
        self._messages: asyncio.Queue[Message] = asyncio.Queue()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if self._built is None:
            self._built = asyncio.create_task(self._start())
        inner = await asyncio.shield(self._built)
        await inner(scope, receive, send)

    async def close(self) -> None:
        """End the application, if it was built."""
        if self._lifespan is not None:
            self._messages.put_nowait({"type": "lifespan.shutdown"})
            await self._lifespan

    async def _start(self) -> ASGIApp:
        try:
            inner = await asyncio.to_thread(self._build)
        except PackageError as error:
            logger.error("%s", error.message, extra={"fields": {"hint": error.hint}})
            raise
        started = asyncio.Event()

        async def send(message: Message) -> None:
            if message["type"].startswith("lifespan.startup."):
                started.set()

        async def run() -> None:
            try:
                await inner({"type": "lifespan", "state": {}}, self._messages.get, send)
            except Exception:
                logger.exception("the viewer's application ended")
            finally:
                started.set()

        self._messages.put_nowait({"type": "lifespan.startup"})
        self._lifespan = asyncio.create_task(run())
        await started.wait()
        return inner


def viewer_of(settings: Settings, manifest: Manifest) -> DeferredApp:
    """BentoML's application for this package."""

    def build() -> ASGIApp:
        from serving.service import application

        return application(settings, manifest)

    return DeferredApp(build)
