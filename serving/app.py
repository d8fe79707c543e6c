"""Our routes, as an ASGI callable in front of BentoML's own application."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitoring.observe import FLUSH_SECONDS, Batch
from packager.errors import PackageError
from packager.manifest import Manifest
from serving import routes
from serving.access import Keys
from serving.feedback import Feedback
from serving.logs import Access, Trace, trace_of
from serving.pipeline import Answer, Pipeline, late
from serving.predictor import Predictor
from serving.schema import RequestError, Response
from serving.settings import Settings
from serving.wire import (
    RETRY_AFTER,
    ASGIApp,
    Bodies,
    DisconnectedError,
    Message,
    Receive,
    Send,
    answer,
    marked,
)

logger = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request before its body is read."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    trace: Trace
    started: float


class App:
    """Answers our routes with the predictor that ``start`` loads when the worker starts."""

    def __init__(
        self,
        inner: ASGIApp,
        settings: Settings,
        manifest: Manifest,
        start: Callable[[], Predictor],
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._start = start
        self._exchanges = routes.exchanges(manifest)
        self._documents: Mapping[str, Response] = {}
        self._bodies = Bodies(settings.max_body_bytes)
        self._keys = Keys(settings.keys_file) if settings.keys_file else None
        self._open = routes.HEALTH if settings.metrics_closed else routes.HEALTH | {routes.METRICS}
        self._access = Access(settings.access_log)
        self._predictor: Predictor | None = None
        self._feedback: Feedback | None = None
        self._pipeline: Pipeline | None = None
        self._dirty = False
        self._draining = False

    def drain(self) -> None:
        """From now on each answer ends its connection, and this worker isn't ready."""
        self._draining = True

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _lifespan(self, scope: Message, receive: Receive, send: Send) -> None:
        startup = await receive()
        try:
            predictor = await asyncio.to_thread(self._start)
        except Exception as error:
            # The protocol's way to fail, and to have it logged: uvicorn would serve on otherwise.
            await send({"type": "lifespan.startup.failed", "message": _shown(error)})
            return
        self._documents = routes.documents(predictor.manifest, predictor.golden)
        self._predictor = predictor
        self._feedback = predictor.feedback
        pipeline = self._pipeline = Pipeline(predictor, self._settings)
        pending = [startup]

        async def replayed() -> Message:
            return pending.pop() if pending else await receive()

        async def settled(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                # What is loaded stays: the collector need not look at it again and again.
                gc.collect()
                gc.freeze()
            await send(message)

        try:
            await self._inner(scope, replayed, settled)
        finally:
            if predictor.feedback is not None:
                predictor.feedback.close()
            pipeline.close()

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        trace = trace_of(headers.get(b"x-request-id"), headers.get(b"traceparent"))
        request = Request(scope["method"], scope["path"], headers, trace, started)
        batch = None
        try:
            self._admit(request)
            if request.path in routes.HANDED_ON:
                if request.path == routes.METRICS:
                    self._flush()
                await self._inner(scope, receive, marked(send, trace, close=self._draining))
                return
            found = await self._respond(request, receive)
            response, batch = (
                (found.response, found.batch) if isinstance(found, Answer) else (found, None)
            )
        except RequestError as error:
            self._refused(error)
            if error.status >= 500 and error.__cause__ is not None:
                self._explain(error, request)
            response = error.response()
        except DisconnectedError:
            return
        except Exception as error:
            failure = RequestError(500, "internal_error", "the server failed; its log says why")
            failure.__cause__ = error
            self._explain(failure, request)
            response = failure.response()
        await answer(send, response, trace, close=self._draining)
        self._account(request, response.status, batch)

    def _admit(self, request: Request) -> None:
        """Raise ``RequestError`` for what isn't answered, whatever it holds."""
        method, path = request.method, request.path
        if (
            self._keys is not None
            and path not in self._open
            and not self._keys.admit(request.headers.get(b"authorization"))
        ):
            raise RequestError(
                401,
                "unauthorized",
                "a key is needed",
                headers={"WWW-Authenticate": "Bearer"},
                expected="Authorization: Bearer <key>",
            )
        if path in self._exchanges or path == routes.FEEDBACK:
            allowed = "POST"
        elif path in routes.DOCUMENTS or path in routes.HANDED_ON:
            allowed = "GET"
        else:
            raise RequestError(404, "not_found", "there is no such route", expected="see /docs")
        if method != allowed and (method, allowed) != ("HEAD", "GET"):
            raise RequestError(
                405,
                "method_not_allowed",
                f"{path} takes {allowed}",
                headers={"Allow": "GET, HEAD" if allowed == "GET" else allowed},
                expected=allowed,
                got=method,
            )
        if self._draining and path == routes.READY:
            raise RequestError(503, "draining", "the server is ending", headers=RETRY_AFTER)

    async def _respond(self, request: Request, receive: Receive) -> Response | Answer:
        if self._pipeline is None:
            raise RequestError(503, "starting", "the model is loading", headers=RETRY_AFTER)
        if request.path in self._documents:
            return self._documents[request.path]
        deadline = time.monotonic() + self._settings.deadline_seconds
        body = await self._body(request, receive)
        exchange = self._exchanges.get(request.path)
        if exchange is not None:
            return await self._pipeline.answer(exchange, body, request.headers, receive, deadline)
        if self._feedback is None:
            raise RequestError(
                404, "feedback_off", "this server takes no labels", expected="MODEL_FEEDBACK=on"
            )
        return await self._feedback.answer(body)

    async def _body(self, request: Request, receive: Receive) -> bytes:
        seconds = self._settings.deadline_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._bodies.read(request.headers, receive)
        except TimeoutError as error:
            raise late(seconds) from error

    def _account(self, request: Request, status: int, batch: Batch | None) -> None:
        """Count an answer that was sent, and log it where that is wanted."""
        seconds = time.perf_counter() - request.started
        route = self._route(request.path)
        if self._predictor is not None:
            self._predictor.metrics.observe_request(route, status, seconds)
            if batch is not None:
                self._predictor.observer.observe(batch)
                self._predictor.log_suspicious(batch)
            self._flush_soon()
        if self._access.wants(status):
            rows = len(batch.labels) if batch else 0
            self._access.write(request.trace, request.method, route, status, seconds, rows)

    def _refused(self, error: RequestError) -> None:
        """Count a value that can't be taken, by its column."""
        column = error.details.get("column")
        if error.code == "invalid_row" and isinstance(column, str) and self._predictor is not None:
            self._predictor.observer.refused(column)

    def _route(self, path: str) -> str:
        exchange = self._exchanges.get(path)
        if exchange is not None:
            return exchange.route
        return path if path == routes.FEEDBACK else routes.OTHER

    def _flush_soon(self) -> None:
        if not self._dirty:
            self._dirty = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._dirty = False
        if self._predictor is not None:
            self._predictor.observer.flush()
        if self._feedback is not None:
            self._feedback.refresh()

    def _explain(self, error: RequestError, request: Request) -> None:
        """Log why a request failed; the answer doesn't say."""
        fields = {**request.trace.fields, "route": self._route(request.path), "code": error.code}
        cause = error.__cause__
        info = None if cause is None else (type(cause), cause, cause.__traceback__)
        logger.error("%s", error.message, extra={"fields": fields}, exc_info=info)


def _shown(error: Exception) -> str:
    """A mistake in the package by its message; anything else is a bug, shown with its origin."""
    if isinstance(error, PackageError):
        return error.message
    return "".join(traceback.format_exception(error))
