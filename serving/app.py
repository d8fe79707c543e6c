"""Our routes, as an ASGI callable in front of BentoML's own application."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitoring.metrics.recorder import Batch
from packager.errors import PackageError
from serving import routes
from serving.feedback.endpoint import Feedback
from serving.http.asgi import (
    RETRY_AFTER,
    ASGIApp,
    Bodies,
    DisconnectedError,
    Message,
    Receive,
    Send,
    answer,
    headers_of,
    with_request_id,
)
from serving.http.auth import ApiKeys
from serving.http.fast_path import RawResponse
from serving.http.limits import LARGE_BYTES
from serving.http.logs import AccessLogger, Refusals, Trace, trace_of
from serving.http.messages import RequestError, Response
from serving.prediction.batcher import ignore_result
from serving.prediction.native_model import RowRefusedError
from serving.prediction.pipeline import Pipeline, late
from serving.prediction.predictor import Predictor
from serving.prediction.recording import Recorder
from serving.protocols import registry
from serving.routes import Routes
from serving.settings import Settings

logger = logging.getLogger("serving")

COLLECT_AFTER = 10_000
"""Objects that may come and stay before the cyclic collector looks at them."""

Reply = tuple[Response, Batch | None]
"""An answer, and the rows to count in it once it is sent."""


@dataclass(slots=True)
class Request:
    """What is known of a request before its body is read."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    trace: Trace
    started: float


class App:
    """Answers our routes with the predictor that ``start`` loads when the worker starts.

    As an ASGI application, and, for what needs no waiting, as one to be asked directly
    (:mod:`serving.http.fast_path`).
    """

    def __init__(
        self,
        inner: ASGIApp,
        settings: Settings,
        start: Callable[[], Predictor],
        busy: Callable[[int], None] = ignore_result,
    ) -> None:
        """``busy`` hears when the model begins, and that it ends, as a lane says it."""
        self._inner = inner
        self._settings = settings
        self._start = start
        self._busy = busy
        self._routes: Routes | None = None
        self._bodies = Bodies(settings.max_body_bytes)
        self._direct_bytes = min(settings.max_body_bytes, LARGE_BYTES)
        self._keys = ApiKeys(settings.keys_file) if settings.keys_file else None
        self._ready = routes.READY | {settings.health_route}
        opened = routes.HEALTH | {settings.health_route}
        self._open = opened if settings.metrics_auth else opened | {routes.METRICS}
        self._access = AccessLogger(settings.access_log)
        self._refusals = Refusals()
        self._feedback: Feedback | None = None
        self._pipeline: Pipeline | None = None
        self._counting: Recorder | None = None
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
        self._routes = Routes.of(predictor.manifest, predictor.golden, self._settings)
        self._feedback = predictor.feedback
        pipeline = self._pipeline = Pipeline(predictor, self._settings, self._busy)
        counting = self._counting = Recorder(predictor, self._settings.shadow_ratio)
        counting.begin()
        pending = [startup]

        async def replayed() -> Message:
            return pending.pop() if pending else await receive()

        async def settled(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                # What is loaded stays, and requests leave no circles: the collector need not look
                # again and again at the one, and seldom at the others.
                gc.collect()
                gc.freeze()
                gc.set_threshold(COLLECT_AFTER)
            await send(message)

        try:
            await self._inner(scope, replayed, settled)
        finally:
            if predictor.feedback is not None:
                predictor.feedback.close()
            counting.close()
            pipeline.close()

    def takes(self, url: bytes, headers: Mapping[bytes, bytes]) -> bool:
        """Whether ``direct`` may have the answer to a ``POST`` with these headers."""
        if self._routes is None or self._pipeline is None or not self._pipeline.ever_at_once:
            return False
        if url not in self._routes.direct:
            return False
        length = headers.get(b"content-length", b"")
        return (
            length.isdigit()
            and len(length) < 10
            and int(length) <= self._direct_bytes
            and b"content-encoding" not in headers
        )

    def direct(self, url: bytes, headers: Mapping[bytes, bytes], body: bytes) -> RawResponse | None:
        """The answer to a ``POST`` that ``takes`` took; None where it has to wait for the model."""
        assert self._routes is not None
        assert self._pipeline is not None
        assert self._counting is not None
        path, exchange = self._routes.direct[url]
        trace = trace_of(headers.get(b"x-request-id"), headers.get(b"traceparent"))
        request = Request("POST", path, headers, trace, time.perf_counter())
        batch = None
        try:
            self._admit(request)
            answered = self._pipeline.at_once(exchange, body, headers)
            if answered is None:
                return None
            response, batch = answered.response, answered.batch
        except Exception as error:
            response = self._failed(request, error)
        try:
            self._account(request, response.status, batch)
            if batch is not None:
                self._counting.rows(batch)
        except Exception:
            # A full disk under the counters, say: the answer is right, whether it counts or not.
            logger.exception("an answer was not counted", extra={"fields": trace.fields})
        sent = headers_of(response, trace, close=self._draining)
        return RawResponse(response.status, sent, response.body, self._draining)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        trace = trace_of(headers.get(b"x-request-id"), headers.get(b"traceparent"))
        request = Request(scope["method"], scope["path"], headers, trace, started)
        batch = None
        try:
            found = self._admit(request)
            if request.path == routes.METRICS and self._counting is not None:
                exposition = await self._counting.exposition()
                await answer(send, exposition, trace, close=self._draining)
                return
            if request.path in routes.HANDED_ON:
                await self._inner(
                    scope, receive, with_request_id(send, trace, close=self._draining)
                )
                return
            response, batch = await self._respond(found, request, receive)
        except DisconnectedError:
            return
        except Exception as error:
            response = self._failed(request, error)
        await answer(send, response, trace, close=self._draining)
        self._account(request, response.status, batch)
        if batch is not None and self._counting is not None:
            await self._counting.rows_slowly(batch)

    def _admit(self, request: Request) -> Routes:
        """Raise ``RequestError`` for what isn't answered, whatever it holds."""
        path = request.path
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
        if self._routes is None:
            raise RequestError(503, "starting", "the model is loading", headers=RETRY_AFTER)
        self._routes.check(request.method, path)
        if path in self._ready or path.endswith("/ready"):
            if self._draining:
                raise RequestError(503, "draining", "the server is ending", headers=RETRY_AFTER)
            if self._pipeline is not None and self._pipeline.stuck:
                raise RequestError(
                    503, "stuck", "the model did not come back by the deadline", headers=RETRY_AFTER
                )
        return self._routes

    async def _respond(self, found: Routes, request: Request, receive: Receive) -> Reply:
        document = found.documents.get(request.path)
        if document is not None:
            return document, None
        deadline = time.monotonic() + self._settings.deadline_seconds
        body = await self._body(request, receive)
        exchange = found.exchanges.get(request.path)
        if exchange is not None and self._pipeline is not None:
            answered = await self._pipeline.answer(
                exchange, body, request.headers, receive, deadline
            )
            return answered.response, answered.batch
        if self._feedback is None:
            raise RequestError(
                404, "feedback_off", "this server takes no labels", expected="MODEL_FEEDBACK=on"
            )
        return await self._feedback.answer(body), None

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
        if self._counting is not None:
            self._counting.answered(route, status, seconds, batch)
        if self._access.wants(status):
            rows = len(batch.labels) if batch else 0
            self._access.write(request.trace, request.method, route, status, seconds, rows)

    def _failed(self, request: Request, error: Exception) -> Response:
        """The answer that says so; what was the server's fault is logged."""
        if not isinstance(error, RequestError):
            failure = RequestError(500, "internal_error", "the server failed; its log says why")
            failure.__cause__ = error
            error = failure
        if self._counting is not None:
            self._counting.refused(error)
        if isinstance(error.__cause__, RowRefusedError):
            self._refusals.write(error.__cause__.said, request.trace, self._route(request.path))
        elif error.status >= 500 and error.__cause__ is not None:
            self._explain(error, request)
        path = request.path if self._routes is None else self._routes.spoken(request.path)
        return registry.refusal(path, error)

    def _route(self, path: str) -> str:
        return routes.OTHER if self._routes is None else self._routes.template(path)

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
