"""The methods of the Open Inference Protocol over gRPC, with the pipeline that HTTP uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from serving.grpc import methods
from serving.grpc.framing import message_of
from serving.grpc.infer import GrpcInfer, OnlyModel
from serving.grpc.messages import MESSAGES, NOT_SERVING, SERVICE_UNKNOWN, SERVING
from serving.grpc.metadata import model_metadata, repository_index, server_metadata
from serving.grpc.status import TEXT, status_of, timeout_of
from serving.http.asgi import BodyReader
from serving.http.messages import RequestError, Response
from serving.prediction.pipeline import Answer, deadline_exceeded
from serving.request import LoadedPackage, Request, RequestHandler
from serving.settings import Settings

POST = "POST"
SERVICES = ("", methods.INFERENCE)
"""Services whose health is known; the empty name is the server's."""


class GrpcRequest(Request):
    """A call; its errors are statuses of gRPC."""

    __slots__ = ()

    def refusal(self, _path: str, error: RequestError, /) -> Response:
        """``error`` with its status in the headers ``grpc-status`` and ``grpc-message``."""
        status, message = status_of(error)
        headers = {"grpc-status": str(status), "grpc-message": message.decode("ascii")}
        return Response(error.status, b"", TEXT, headers)


class GrpcService:
    """Answers calls with the package of a worker's ``handler``."""

    def __init__(self, handler: RequestHandler, settings: Settings, bodies: BodyReader) -> None:
        """``bodies``: bounds the bytes of all requests of the worker."""
        self.bodies = bodies
        self.limit = settings.max_body_bytes
        self.seconds = settings.deadline_seconds
        self._handler = handler
        self._settings = settings
        self._adapter: GrpcInfer | None = None
        self._methods: Mapping[str, Callable[[LoadedPackage, bytes], Any]] = {
            methods.LIVE: self._live,
            methods.READY: self._ready,
            methods.CHECK: self._check,
            methods.MODEL_READY: self._model_ready,
            methods.SERVER_METADATA: self._server_metadata,
            methods.MODEL_METADATA: self._model_metadata,
            methods.INDEX: self._index,
        }

    @property
    def draining(self) -> bool:
        """Whether the worker is ending."""
        return self._handler.draining

    def request(self, headers: Mapping[bytes, bytes]) -> GrpcRequest:
        """A call with these headers; refuse or answer it, then ``account``."""
        path = headers.get(b":path", b"").decode("latin-1")
        return GrpcRequest(self._handler, POST, path, headers)

    def health(self, service: str) -> Any:
        """The ``HealthCheckResponse`` of a service, as ``Watch`` answers."""
        loaded = self._handler.loaded
        if service not in SERVICES:
            return MESSAGES["HealthCheckResponse"](status=SERVICE_UNKNOWN)
        ready = loaded is not None and self._is_ready(loaded)
        return MESSAGES["HealthCheckResponse"](status=SERVING if ready else NOT_SERVING)

    @staticmethod
    def read(name: str, body: bytes) -> Any:
        """The message ``name``; raises ``RequestError`` (400) for bytes that are none."""
        try:
            return MESSAGES[name].FromString(body)
        except DecodeError as error:
            raise RequestError(400, "unreadable_message", f"the body is no {name}") from error

    def account(self, request: GrpcRequest) -> None:
        """Count and log the answer."""
        self._handler.account(request)

    def admit(self, request: GrpcRequest) -> LoadedPackage:
        """Raise ``RequestError`` for a call that isn't admitted, before its body is read."""
        kind = request.headers.get(b"content-type", b"")
        if request.headers.get(b":method") != b"POST" or not kind.startswith(TEXT.encode()):
            raise RequestError(
                400, "malformed_request", "the call", expected=f"a POST of {TEXT}", got="another"
            )
        loaded = self._handler.authorize(request)
        if request.path not in methods.METHODS:
            raise RequestError(
                501, "not_found", f"there is no method {request.path[:200]}; see docs/protocols.md"
            )
        return loaded

    def answer(
        self, request: GrpcRequest, body: bytes | bytearray
    ) -> Coroutine[Any, Any, None] | None:
        """Answer a call whose body is complete; what answers it, if that takes time."""
        with request:
            loaded = self.admit(request)
            message, coding = message_of(body, request.headers, self.limit)
            if coding is not None:
                return self._decoded(request, loaded, message, coding)
            return self._answer(request, loaded, message)
        return None

    async def _decoded(
        self, request: GrpcRequest, loaded: LoadedPackage, message: bytes, coding: str
    ) -> None:
        """Answer a compressed message; what it holds is counted while it is decoded."""
        with request:
            message = await self.bodies.decoded(message, coding)
            later = self._answer(request, loaded, message)
            if later is not None:
                await later

    def _answer(
        self, request: GrpcRequest, loaded: LoadedPackage, message: bytes
    ) -> Coroutine[Any, Any, None] | None:
        if request.path != methods.INFER:
            request.answer(self._made(self._methods[request.path](loaded, message)))
            return None
        timeout = timeout_of(request.headers.get(b"grpc-timeout"))
        request.body = message
        if loaded.pipeline.may_predict_inline:
            adapter = self._infer(loaded)
            answer = loaded.pipeline.predict_inline(adapter, message, request.headers)
            if answer is not None:
                self._answered(request, answer)
                return None
        return self._later(request, loaded, message, timeout)

    async def _later(
        self, request: GrpcRequest, loaded: LoadedPackage, message: bytes, timeout: float | None
    ) -> None:
        seconds = min(self.seconds, self.seconds if timeout is None else timeout)
        with request, self.bodies.held(message):
            try:
                answer = await loaded.pipeline.answer(
                    self._infer(loaded), message, request.headers, None, time.monotonic() + seconds
                )
            except RequestError as error:
                if error.code != "deadline" or seconds == self.seconds:
                    raise
                raise deadline_exceeded(seconds, ", as grpc-timeout says,") from error
            self._answered(request, answer)

    def _answered(self, request: GrpcRequest, answer: Answer) -> None:
        response = answer.response
        request.answer(Response(200, response.body, TEXT, response.headers), answer.batch)

    def _infer(self, loaded: LoadedPackage) -> GrpcInfer:
        if self._adapter is None:
            manifest = loaded.pipeline.predictor.manifest
            self._adapter = GrpcInfer(manifest, self._settings.budget)
        return self._adapter

    def _made(self, message: Any) -> Response:
        return Response(200, message.SerializeToString(), TEXT)

    def _is_ready(self, loaded: LoadedPackage) -> bool:
        return not self.draining and loaded.unready is None

    def _live(self, _loaded: LoadedPackage, _body: bytes) -> Any:
        return MESSAGES["ServerLiveResponse"](live=True)

    def _ready(self, loaded: LoadedPackage, _body: bytes) -> Any:
        return MESSAGES["ServerReadyResponse"](ready=self._is_ready(loaded))

    def _server_metadata(self, loaded: LoadedPackage, _body: bytes) -> Any:
        return server_metadata(loaded.pipeline.predictor.manifest)

    def _check(self, _loaded: LoadedPackage, body: bytes) -> Any:
        service = self.read("HealthCheckRequest", body).service
        if service not in SERVICES:
            raise RequestError(404, "not_found", f"there is no service {service[:80]!r}")
        return self.health(service)

    def _model_ready(self, loaded: LoadedPackage, body: bytes) -> Any:
        request = self.read("ModelReadyRequest", body)
        OnlyModel.of(loaded.pipeline.predictor.manifest).check(request.name, request.version)
        return MESSAGES["ModelReadyResponse"](ready=self._is_ready(loaded))

    def _model_metadata(self, loaded: LoadedPackage, body: bytes) -> Any:
        request, predictor = self.read("ModelMetadataRequest", body), loaded.pipeline.predictor
        OnlyModel.of(predictor.manifest).check(request.name, request.version)
        tokens = loaded.feedback is not None
        return model_metadata(predictor.manifest, predictor.golden, tokens=tokens)

    def _index(self, loaded: LoadedPackage, body: bytes) -> Any:
        only_ready = self.read("RepositoryIndexRequest", body).ready
        manifest = loaded.pipeline.predictor.manifest
        return repository_index(manifest, ready=self._is_ready(loaded), only_ready=only_ready)
