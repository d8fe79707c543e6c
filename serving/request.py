"""The life of a request from admission to accounting, independent of its transport.

ASGI and the shortcut (:mod:`serving.http.fast_path`) differ in how bodies arrive and answers are
sent. Admission, error answers, counting and logging are the same for both, and are defined here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from monitoring.metrics.recorder import Batch
from serving import routes
from serving.compiled_check.self_proof import SelfProof
from serving.feedback.endpoint import FeedbackEndpoint
from serving.grpc import methods
from serving.http.asgi import RETRY_AFTER, DisconnectedError
from serving.http.auth import ApiKeys
from serving.http.logs import AccessLogger, RefusalLog, trace_of
from serving.http.messages import RequestError, Response
from serving.prediction.errors import ModelError, NotReadyReason, RowRefusedError
from serving.prediction.golden_check import GoldenCheck
from serving.prediction.pipeline import Pipeline
from serving.prediction.recording import Recorder
from serving.protocols import registry
from serving.routes import Routes
from serving.settings import Settings

if TYPE_CHECKING:  # few servers need them
    from serving.shadow.sender import ShadowSender
    from serving.try_page.endpoint import TryPage

NOTHING: Mapping[str, str | int] = {}

logger = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class LoadedPackage:
    """The loaded model and the parts that answer requests."""

    routes: Routes
    pipeline: Pipeline
    recorder: Recorder
    feedback: FeedbackEndpoint | None
    """None if feedback is off."""
    proof: SelfProof | None = None
    """None if the build has proved the compiled form on this platform."""
    golden: GoldenCheck | None = None
    """None for a package without golden cases."""
    shadow: ShadowSender | None = None
    """None without ``MODEL_SHADOW``."""
    try_page: TryPage | None = None
    """None unless ``MODEL_TRY_PAGE`` is set."""

    @property
    def alive(self) -> Response:
        """The answer of a probe: empty, or where the compiled form was proved at the start."""
        if self.proof is None:
            return routes.ALIVE
        return Response(200, f"{self.proof.summary}\n".encode(), routes.PLAIN)

    @property
    def unready(self) -> NotReadyReason | None:
        """Why no request is to be sent now; None if one can be answered."""
        return self.pipeline.unready or (self.golden.unready if self.golden else None)

    def close(self) -> None:
        """Accept no more requests, and count answered ones."""
        if self.shadow is not None:
            self.shadow.close()
        if self.feedback is not None:
            self.feedback.close()
        self.recorder.close()
        self.pipeline.close()


class RequestHandler:
    """Admission, errors and accounting for all requests of a worker."""

    def __init__(self, settings: Settings) -> None:
        self.loaded: LoadedPackage | None = None
        """None until the model is loaded."""
        self.draining = False
        """Whether this worker is ending: each answer then closes its connection."""
        self._keys = ApiKeys(settings.keys_file) if settings.keys_file else None
        self._terse = settings.http.error_detail == "terse"
        self._try_page = settings.try_page != "off"
        self._health = routes.HEALTH | {settings.health_route}
        metrics = set() if settings.metrics_auth else {routes.METRICS}
        self._unlogged = self._health | methods.PROBES
        self._open = self._health | methods.PROBES | metrics
        self._access = AccessLogger(settings.access_log)
        self._refusals = RefusalLog()

    def admit(self, request: Request) -> LoadedPackage:
        """Raise ``RequestError`` for a request that isn't admitted, before its body is read."""
        loaded, path = self.authorize(request), request.path
        loaded.routes.check(request.method, path)
        if path in loaded.routes.readiness:
            if self.draining:
                raise _unavailable("draining", "the server is ending")
            unready = loaded.unready
            if unready is not None:
                raise _unavailable(unready.code, unready.message)
        return loaded

    def authorize(self, request: Request) -> LoadedPackage:
        """Raise ``RequestError`` without a key that is needed, or before the model is loaded."""
        if self._keys is not None and request.path not in self._open:
            self._authenticate(self._keys, request)
        loaded = self.loaded
        if loaded is None:
            raise _unavailable("starting", "the server is loading the package")
        return loaded

    def _authenticate(self, keys: ApiKeys, request: Request) -> None:
        header = request.headers.get(b"authorization")
        challenge, expected = {"WWW-Authenticate": "Bearer"}, "Authorization: Bearer <key>"
        if self.is_try(request.path):
            from serving.try_page.origin import CHALLENGE, bearer_of

            header, challenge, expected = bearer_of(header), CHALLENGE, "a key as the password"
        if not keys.authenticate(header):
            message = "a key is needed"
            raise RequestError(401, "unauthorized", message, headers=challenge, expected=expected)

    def is_try(self, path: str) -> bool:
        """Whether ``path`` is that of the page to try the model, and the page is on."""
        return self._try_page and path == routes.TRY

    def refuse(self, request: Request, error: Exception) -> Response:
        """The answer for ``error``; causes of server errors are logged."""
        if not isinstance(error, RequestError):
            failure = RequestError(500, "internal_error", "the server failed; its log says why")
            failure.__cause__ = error
            error = failure
        loaded = self.loaded
        if loaded is not None:
            loaded.recorder.record_invalid(error)
        request.logged_error = error.logged
        cause = error.__cause__
        if isinstance(cause, RowRefusedError):
            self._refusals.write(cause.said, request.trace, self._route(request))
        elif error.status >= 500 and cause is not None:
            self._explain(error, cause, request)
        if self._terse:
            error = error.terse(request.trace.request_id.decode())
        path = request.path if loaded is None else loaded.routes.spoken(request.path)
        return request.refusal(path, error)

    def account(self, request: Request) -> None:
        """Count and log an answer and its rows. Never raises: the answer itself is valid."""
        response, batch = request.response, request.batch
        if response is None or request.path == routes.METRICS:
            return
        try:
            seconds = time.perf_counter() - request.started
            route = self._route(request)
            if self.loaded is not None and request.path not in routes.UNCOUNTED:
                self.loaded.recorder.answered(route, response.status, seconds, batch)
                if batch is not None and self.loaded.shadow is not None:
                    exchange = request.protocol, request.headers, request.body
                    self.loaded.shadow.submit(*exchange, batch)
            if request.path not in self._unlogged and self._access.wants(response.status):
                self._log(request, route, response.status, seconds)
        except Exception:  # such as a full disk under the counter files
            logger.exception("an answer was not counted", extra={"fields": request.trace.fields})

    def _log(self, request: Request, route: str, status: int, seconds: float) -> None:
        fields: dict[str, Any] = {
            "method": request.method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1e3, 3),
            "rows": len(request.batch.labels) if request.batch else 0,
        }
        fields |= request.logged_error
        self._access.write(request.trace, fields)

    def _route(self, request: Request) -> str:
        """The label in metrics and logs: asking for methods is no use of a route."""
        if self.loaded is None or request.method == "OPTIONS":
            return routes.OTHER
        return self.loaded.routes.template(request.path)

    def _explain(self, error: RequestError, cause: BaseException, request: Request) -> None:
        """Log the cause of a failed request, which the answer omits."""
        route = self._route(request)
        fields: dict[str, Any] = {**request.trace.fields, "route": route, "code": error.code}
        if isinstance(cause, ModelError):
            fields["exception"] = cause.said
            logger.error("%s", error.message, extra={"fields": fields})
            return
        info = (type(cause), cause, cause.__traceback__)
        logger.error("%s", error.message, extra={"fields": fields}, exc_info=info)


class Request:
    """One request and its answer.

    As a context manager it turns exceptions into answers. ``response`` stays None if there is
    nothing to send: the client disconnected, or another application answers.
    """

    __slots__ = (
        *("_handler", "batch", "body", "headers", "method", "path", "protocol"),
        *("logged_error", "response", "started", "trace"),
    )

    def __init__(
        self, handler: RequestHandler, method: str, path: str, headers: Mapping[bytes, bytes]
    ) -> None:
        self._handler = handler
        self.method = method
        self.path = path
        self.headers = headers
        self.started = time.perf_counter()
        self.trace = trace_of(headers.get(b"x-request-id"), headers.get(b"traceparent"))
        self.response: Response | None = None
        self.logged_error: Mapping[str, str | int] = NOTHING
        """The error for the log; the error itself would hold this object, in a cycle."""
        self.batch: Batch | None = None
        self.protocol = path
        self.body = b""
        """Of a prediction, for the shadow, which reads it as the route ``protocol`` does."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if error is None:
            return False
        if isinstance(error, DisconnectedError):
            return True
        if not isinstance(error, Exception):
            return False
        self.response, self.batch = self._handler.refuse(self, error), None
        return True

    def refusal(self, path: str, error: RequestError, /) -> Response:
        """``error`` as the answer, in the format of the protocol of ``path``."""
        if self._handler.is_try(path):
            from serving.try_page.page import refusal

            return refusal(error)
        return registry.refusal(path, error)

    def answer(self, response: Response, batch: Batch | None = None) -> None:
        """Set the answer; ``batch``: the rows to count with it."""
        self.response, self.batch = response, batch


def _unavailable(code: str, message: str) -> RequestError:
    return RequestError(503, code, message, headers=RETRY_AFTER)
