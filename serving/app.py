"""The server's routes, as an ASGI callable."""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from packager.errors import PackageError
from serving import routes
from serving.answer_writer import AnswerWriter
from serving.compiled_check.self_proof import SelfProof
from serving.http.asgi import BodyReader, Message, Receive, Send, combined
from serving.http.decoding import decoded_headers
from serving.http.fixed_answers import FixedAnswers
from serving.http.limits import MIN_LARGE_BYTES
from serving.http.messages import RequestError
from serving.http.pending_answer import Later, RawResponse
from serving.prediction.embedding_sampler import EmbeddingSampler
from serving.prediction.golden_check import GoldenCheck
from serving.prediction.jobs import ignore_result
from serving.prediction.model_client import ModelClient
from serving.prediction.model_table import WorkerModelTable
from serving.prediction.pipeline import Pipeline, deadline_exceeded
from serving.prediction.predictor import Predictor
from serving.prediction.recording import Recorder
from serving.prediction.request_limit import RequestLimit
from serving.protocols import registry
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ProtocolAdapter
from serving.protocols.uploads import UploadProtocol, may_be_upload, rows_as_json
from serving.request import LoadedPackage, Request, RequestHandler
from serving.routes import Routes
from serving.settings import Settings
from serving.viewer import DeferredApp, ViewerFiles

if TYPE_CHECKING:  # only servers that have them import them
    from serving.grpc.service import GrpcService
    from serving.shadow.sender import ShadowSender
    from serving.try_page.endpoint import TryPage

PREDICT = PredictProtocol.route
GC_THRESHOLD = 10_000
"""Net new objects that start a run of the cyclic garbage collector."""


class App:
    """Answers the server's routes with the predictor that ``start`` loads when the worker starts.

    It is an ASGI application; small predictions can also be answered by direct calls
    (:mod:`serving.http.fast_path`).
    """

    def __init__(
        self,
        viewer: DeferredApp,
        settings: Settings,
        start: Callable[[ModelClient], Predictor],
        models: Sequence[str] = (),
        busy: Callable[[int], None] = ignore_result,
        board: WorkerModelTable | None = None,
    ) -> None:
        """``models``: addresses of the model's processes; ``busy``: as of ``JobThread``.

        ``board``: as of ``ModelClient``.
        """
        self._board = board
        self.shadow_address = ""
        """Of the shadow process, if the settings have a shadow."""
        self._viewer = viewer
        self._settings = settings
        self._start = start
        self._models = models
        self._busy = busy
        self._bodies = BodyReader(settings.max_body_bytes)
        self._direct_bytes = min(settings.max_body_bytes, MIN_LARGE_BYTES)
        self._handler = RequestHandler(settings)
        self._writer = AnswerWriter(self._handler, settings.http.cors_origins)
        self._files = ViewerFiles(viewer)
        self._fixed = FixedAnswers()

    def grpc_service(self) -> GrpcService:
        """The service of a gRPC port, with the package that this application loads."""
        from serving.grpc.service import GrpcService

        return GrpcService(self._handler, self._settings, self._bodies)

    def drain(self) -> None:
        """From now on, close each connection after its answer and report not ready."""
        self._handler.draining = True

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope: lifespan or an HTTP request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        limit = RequestLimit(self._settings.max_queue)
        lazy = self._settings.native == "lazy"
        client = ModelClient(self._models, limit, lazy=lazy, board=self._board)
        client.start()
        try:
            predictor = await asyncio.to_thread(self._start, client)
        except Exception as error:
            # The failure message of the ASGI protocol: on an exception uvicorn would serve on.
            await send({"type": "lifespan.startup.failed", "message": _shown(error)})
            return
        pipeline = Pipeline(predictor, self._settings, limit, self._busy)
        proof = SelfProof.of(predictor, pipeline, self._settings.deadline_seconds)
        golden = GoldenCheck.of(predictor, pipeline, self._settings.deadline_seconds)
        embeddings = EmbeddingSampler.of(predictor, self._settings.deadline_seconds)
        loaded = LoadedPackage(
            Routes.of(predictor.manifest, predictor.golden, self._settings),
            pipeline,
            Recorder(predictor, self._settings.compiled_check_ratio, embeddings),
            predictor.feedback,
            proof,
            golden,
            self._shadow_of(predictor),
            self._page_of(pipeline),
        )
        loaded.recorder.begin()
        own = (golden, proof, embeddings)
        running = [asyncio.create_task(one.run()) for one in own if one is not None]
        self._handler.loaded = loaded
        # Freeze loaded objects; requests create no reference cycles, so collect rarely.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in running:
            task.cancel()
        try:
            await self._viewer.close()
        finally:
            loaded.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _page_of(self, pipeline: Pipeline) -> TryPage | None:
        """The page at ``/try``; None unless the settings have one."""
        if self._settings.try_page == "off":
            return None
        from serving.try_page.endpoint import TryPage

        return TryPage.of(self._settings, pipeline)

    def _shadow_of(self, predictor: Predictor) -> ShadowSender | None:
        """The sampler of answered rows; None without a shadow."""
        if self._settings.shadow is None:
            return None
        from serving.shadow.attach import attach_shadow

        return attach_shadow(self._settings, self._settings.shadow, predictor, self.shadow_address)

    def accepts(self, url: bytes, headers: Mapping[bytes, bytes]) -> bool:
        """Whether ``direct`` may be called for a ``POST`` with these headers."""
        loaded = self._handler.loaded
        if loaded is None or url not in loaded.routes.direct:
            return False
        length = headers.get(b"content-length", b"")
        return (
            length.isdigit()
            and len(length) < 10
            and int(length) <= self._direct_bytes
            and b"content-encoding" not in headers
            and not (loaded.routes.direct[url][0] == PREDICT and may_be_upload(headers))
        )

    def direct(
        self, url: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> RawResponse | Later | None:
        """The answer to a ``POST`` that ``accepts`` allows, or what makes it.

        None if the compiled form can't give it at once.
        """
        loaded = self._handler.loaded
        assert loaded is not None
        path, adapter = loaded.routes.direct[url]
        request = Request(self._handler, "POST", path, headers)
        request.body = body
        if not loaded.pipeline.may_predict_inline:
            return self._later(request, adapter, body)
        with request:
            self._handler.admit(request)
            answered = loaded.pipeline.predict_inline(adapter, body, headers)
            if answered is not None:
                request.answer(answered.response, answered.batch)
        return self._writer.raw(request)

    async def _later(
        self, request: Request, adapter: ProtocolAdapter, body: bytes
    ) -> RawResponse | None:
        """The answer of the model's process; cancelled if the client disconnects."""
        with request:
            pipeline = self._handler.admit(request).pipeline
            deadline = time.monotonic() + self._settings.deadline_seconds
            answered = await pipeline.answer(adapter, body, request.headers, None, deadline)
            request.answer(answered.response, answered.batch)
        return await self._writer.raw_aside(request)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        handler, headers = self._handler, combined(scope["headers"])
        loaded = handler.loaded
        path = scope["path"] if loaded is None else loaded.routes.path(scope["path"])
        with Request(handler, scope["method"], path, headers) as request:
            preflight = self._writer.preflight(request)
            if preflight is not None:
                request.answer(preflight)
            else:
                query = scope.get("query_string", b"")
                await self._respond(handler.admit(request), request, query, receive)
        await self._writer.send(request, send)

    async def _respond(
        self, loaded: LoadedPackage, request: Request, query: bytes, receive: Receive
    ) -> None:
        path = request.path
        if request.method == "OPTIONS":
            request.answer(loaded.routes.options(path))
        elif path == routes.METRICS:
            request.answer(await loaded.recorder.exposition())
        elif path in routes.PROBES:
            request.answer(loaded.alive)
        elif path in routes.VIEWER:
            request.answer(await self._fixed.answer(request.headers, await self._files.get(path)))
        elif path in loaded.routes.documents:
            document = loaded.routes.documents[path]
            request.answer(await self._fixed.answer(request.headers, document))
        elif loaded.try_page is not None and path == routes.TRY:
            await self._try(loaded, loaded.try_page, request, receive)
        else:
            await self._posted(loaded, request, query, receive)

    async def _posted(
        self, loaded: LoadedPackage, request: Request, query: bytes, receive: Receive
    ) -> None:
        deadline = time.monotonic() + self._settings.deadline_seconds
        body = request.body = await self._body(request, receive)
        adapter = loaded.routes.protocol(request.path, request.headers, query)
        if adapter is not None:
            with self._bodies.held(body):
                answered = await loaded.pipeline.answer(
                    adapter, body, request.headers, receive, deadline
                )
            if isinstance(adapter, UploadProtocol) and loaded.shadow is not None:
                request.body = adapter.as_json()
            request.answer(answered.response, answered.batch)
        elif request.path == registry.REPOSITORY_INDEX:
            manifest, ready = loaded.pipeline.predictor.manifest, loaded.unready is None
            request.answer(registry.repository_index(manifest, body, ready=ready))
        elif loaded.feedback is not None:
            request.answer(await loaded.feedback.answer(body))
        else:
            raise RequestError(
                404, "feedback_off", "this server takes no labels", expected="MODEL_FEEDBACK=on"
            )

    async def _try(
        self, loaded: LoadedPackage, page: TryPage, request: Request, receive: Receive
    ) -> None:
        if request.method != "POST":
            request.answer(page.blank)
            return
        deadline = time.monotonic() + self._settings.deadline_seconds
        body = await self._body(request, receive)
        with self._bodies.held(body):
            answered = await page.post(body, request.headers, receive, deadline)
        error, predicted = answered.refused, answered.predicted
        if error is not None and (page.counted or error.status >= 500):
            self._handler.refuse(request, error)  # the page is answered in its place
        if predicted is None or not page.counted:
            request.answer(answered.response)
            return
        if loaded.shadow is not None:  # it gets the row as another client would send it
            request.protocol, request.body = PredictProtocol.route, rows_as_json([answered.row])
        request.answer(answered.response, predicted.batch)

    async def _body(self, request: Request, receive: Receive) -> bytes:
        seconds = self._settings.deadline_seconds
        try:
            async with asyncio.timeout(seconds):
                body = await self._bodies.read(request.headers, receive)
        except TimeoutError as error:
            raise deadline_exceeded(seconds) from error
        request.headers = decoded_headers(request.headers)
        return body


def _shown(error: Exception) -> str:
    """The message of a ``PackageError``; the traceback of any other exception, which is a bug."""
    if isinstance(error, PackageError):
        return error.message
    return "".join(traceback.format_exception(error))
