"""Our routes, as an ASGI callable in front of BentoML's own application.

What isn't ours is handed on only if it is known to exist there: BentoML labels its request
metrics with the raw path, so that a scanner would make a series of every path it tries.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

from packager.errors import PackageError
from serving import openapi, protocols, schema
from serving.exchange import Exchange
from serving.lane import FullError, Lane, LateError
from serving.predictor import ROUTES, ModelError, Predictor
from serving.schema import RequestError, Response
from serving.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]

HANDED_ON = frozenset(["/metrics", "/healthz", "/livez", "/readyz", *openapi.VIEWER])
METHODS = {
    "/predict": "POST",
    "/schema": "GET",
    "/package": "GET",
    "/docs": "GET",
    "/docs.json": "GET",
}
RETRY_AFTER = {"Retry-After": "1"}

logger = logging.getLogger("serving")


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


class App:
    """Answers our routes with the predictor that ``start`` loads when the worker starts."""

    def __init__(self, inner: ASGIApp, settings: Settings, start: Callable[[], Predictor]) -> None:
        self._inner = inner
        self._settings = settings
        self._start = start
        self._lane = Lane(settings.queue)
        self._predictor: Predictor | None = None
        self._documents: dict[str, Response] = {}
        self._exchanges: Mapping[str, Exchange] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] != "http" or scope["path"] in HANDED_ON:
            await self._inner(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _lifespan(self, scope: Message, receive: Receive, send: Send) -> None:
        startup = await receive()
        try:
            self._predictor = await asyncio.to_thread(self._start)
        except Exception as error:
            # The protocol's way to fail, and to have it logged: uvicorn would serve on otherwise.
            await send({"type": "lifespan.startup.failed", "message": _shown(error)})
            return
        self._documents = _documents(self._predictor)
        self._exchanges = protocols.exchanges(self._predictor.manifest)
        pending = [startup]

        async def replayed() -> Message:
            return pending.pop() if pending else await receive()

        try:
            await self._inner(scope, replayed, send)
        finally:
            self._lane.close()

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            response = await self._respond(scope, receive)
        except RequestError as error:
            response = protocols.refusal(scope["path"], error)
        except DisconnectedError:
            return
        except Exception:
            logger.exception("a bug: %s %s failed", scope["method"], scope["path"])
            failure = RequestError(500, "internal_error", "the server failed; its log says why")
            response = protocols.refusal(scope["path"], failure)
        await _send(send, response)
        if self._predictor is not None:
            exchange = self._exchanges.get(scope["path"])
            route = exchange.route if exchange else scope["path"]
            route = route if route in ROUTES else "other"
            seconds = time.perf_counter() - started
            self._predictor.metrics.observe_request(route, response.status, seconds)

    async def _respond(self, scope: Message, receive: Receive) -> Response:
        path, method = scope["path"], scope["method"]
        expected = METHODS.get(path) or (
            "POST" if path in self._exchanges else "GET" if path in self._documents else None
        )
        if expected is None:
            raise RequestError(404, "not_found", "there is no such route", expected="see /docs")
        if method != expected:
            raise RequestError(
                405,
                "method_not_allowed",
                f"{path} takes {expected}",
                headers={"Allow": expected},
                expected=expected,
                got=method,
            )
        if self._predictor is None:
            raise RequestError(503, "starting", "the model is loading", headers=RETRY_AFTER)
        if path in self._documents:
            return self._documents[path]
        return await self._predict(self._predictor, scope, receive)

    async def _predict(self, predictor: Predictor, scope: Message, receive: Receive) -> Response:
        seconds = self._settings.deadline_seconds
        deadline = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                body = await _read(scope, receive, self._settings.max_body_bytes)
            exchange = self._exchanges.get(scope["path"])
            job = (
                partial(predictor.exchange, exchange, body, dict(scope["headers"]))
                if exchange
                else partial(predictor.answer, body)
            )
            answer = await self._lane.run(job, deadline)
            predictor.count(answer)
            return Response(200, answer.body, headers=answer.headers)
        except ModelError as error:
            logger.error("%s", error, exc_info=error.__cause__)
            raise RequestError(500, "model_failed", "the model raised an error") from error
        except FullError as error:
            raise RequestError(
                503, "overloaded", "too many requests are waiting", headers=RETRY_AFTER
            ) from error
        except (LateError, TimeoutError) as error:
            raise RequestError(504, "deadline", f"no answer within {seconds:g} s") from error


def _shown(error: Exception) -> str:
    """A mistake in the package by its message; anything else is a bug, shown with its origin."""
    if isinstance(error, PackageError):
        return error.message
    return "".join(traceback.format_exception(error))


def _documents(predictor: Predictor) -> dict[str, Response]:
    manifest, golden = predictor.manifest, predictor.golden
    return {
        "/schema": Response(200, schema.encode(schema.schema_document(manifest, golden))),
        "/package": Response(200, manifest.dump()),
        "/docs": Response(200, openapi.PAGE, "text/html; charset=utf-8"),
        "/docs.json": Response(200, schema.encode(openapi.document(manifest, golden))),
        **protocols.documents(manifest, golden),
    }


async def _read(scope: Message, receive: Receive, limit: int) -> bytes:
    """The request's body; raises ``RequestError`` (413) as soon as it is known to be too large."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(limit: int) -> RequestError:
    return RequestError(413, "too_large", "the body is too large", expected=f"<= {limit} bytes")


async def _send(send: Send, response: Response) -> None:
    headers = {
        "content-type": response.content_type,
        "content-length": str(len(response.body)),
        **response.headers,
    }
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})
