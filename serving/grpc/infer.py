"""``ModelInfer``: a ``ModelInferRequest`` as rows, and scored rows as a ``ModelInferResponse``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from google.protobuf.message import DecodeError

from packager.manifest.manifest import Manifest
from serving.grpc import methods
from serving.grpc.messages import MESSAGES
from serving.grpc.row_answer import RowAnswers
from serving.grpc.tensors import plain_parameters, read_tensors, write_tensors
from serving.grpc.usual_row import MAX_BYTES, UsualRows
from serving.grpc.wire_values import unreadable, values_of
from serving.http.limits import Budget, LimitExceededError
from serving.http.messages import RequestError
from serving.protocols.parsing import quoted
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2 import Infer, InferenceRequest

UNPARSED = "its bytes can't be parsed"
MAX_KEPT = 16
"""Sets of requested outputs whose options are kept."""
_REQUEST, _RESPONSE = MESSAGES["ModelInferRequest"], MESSAGES["ModelInferResponse"]
_OUTPUT = MESSAGES["ModelInferRequest.InferRequestedOutputTensor"]


@dataclass(frozen=True, slots=True)
class GrpcContext:
    """The parts of a request that its answer needs."""

    options: InferenceRequest
    raw: bool
    """Whether the inputs were raw."""


@dataclass(frozen=True, slots=True)
class OnlyModel:
    """The only model of a server."""

    name: str
    version: str
    """A digest of the whole manifest, which takes time to compute."""

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """The service of a package."""
        return cls(manifest.name, manifest.tag)

    def check(self, name: str, version: str) -> None:
        """Raise ``RequestError`` (404) unless this model is meant; no version means any."""
        if name != self.name:
            message = f"there is no model {quoted(name)}; this server has {self.name}"
            raise RequestError(404, "not_found", message)
        if version not in ("", self.version):
            message = f"there is no version {quoted(version)} of {name}"
            raise RequestError(404, "not_found", f"{message}; this server has {self.version}")


class GrpcInfer:
    """The adapter of ``ModelInfer``; bodies are messages without gRPC's five bytes before them."""

    route = methods.INFER

    def __init__(self, manifest: Manifest, budget: Budget = Budget()) -> None:
        self._infer = Infer(manifest, budget)
        self._budget = budget
        self._served = OnlyModel.of(manifest)
        # A smaller budget of values is counted on the message object.
        self._usual = UsualRows(manifest) if budget.values >= MAX_BYTES else None
        self._answers = RowAnswers(manifest, self._infer.tensors)
        self._kept_requests: dict[tuple[bytes, ...], InferenceRequest] = {}

    def rows(
        self, body: bytes, _headers: Mapping[bytes, bytes]
    ) -> tuple[list[dict[str, Any]], GrpcContext]:
        """Rows of the columns sent as tensors; see ``ProtocolAdapter.rows``.

        Raises ``RequestError``: 400 for no message, 404 for another model, 413, 422.
        """
        usual = None if self._usual is None else self._usual.read(body)
        if usual is not None:
            options = self._kept_options(usual.outputs)
            options = options if usual.id is None else replace(options, id=usual.id)
            return [usual.row], GrpcContext(options, raw=usual.raw)
        return self.exact_rows(body)

    def exact_rows(self, body: bytes) -> tuple[list[dict[str, Any]], GrpcContext]:
        """``rows`` by the message object."""
        if len(body) > self._budget.values:  # each value has a byte at least
            self._check_values(values_of(body, self._budget.values))
        try:
            request = _REQUEST.FromString(body)
        except DecodeError as error:
            raise unreadable(UNPARSED) from error
        self._served.check(request.model_name, request.model_version)
        options = self._infer.options(_options(request))
        context = GrpcContext(options, raw=bool(request.raw_input_contents))
        return self._infer.rows_of(read_tensors(request)), context

    def body(self, context: GrpcContext, scored: ScoredRows) -> tuple[bytes, Mapping[str, str]]:
        """The requested outputs, in that order; see ``ProtocolAdapter.body``."""
        options, raw = context.options, context.raw
        written = self._answers.written(options.id, options.outputs, scored, raw=raw)
        if written is not None:
            return written, {}
        return self.exact_body(context, scored), {}

    def exact_body(self, context: GrpcContext, scored: ScoredRows) -> bytes:
        """``body`` by the message object."""
        response = _RESPONSE(
            model_name=self._served.name,
            model_version=self._served.version,
            id=context.options.id,
        )
        outputs = [output for output, _ in self._infer.outputs(context.options, scored)]
        write_tensors(response, outputs, raw=context.raw)
        encoded: bytes = response.SerializeToString()
        return encoded

    def _kept_options(self, outputs: tuple[bytes, ...]) -> InferenceRequest:
        """The options of a request without an id, by the messages of its outputs."""
        known = self._kept_requests.get(outputs)
        if known is None:
            try:
                request = _REQUEST(outputs=[_OUTPUT.FromString(output) for output in outputs])
            except DecodeError as error:
                raise unreadable(UNPARSED) from error
            known = self._infer.options(_options(request))
            if len(self._kept_requests) < MAX_KEPT:
                self._kept_requests[outputs] = known
        return known

    def _check_values(self, number: int) -> None:
        try:
            self._budget.check_values(number)
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error


def _options(request: Any) -> dict[str, Any]:
    """The options of a request in the form that they have in JSON; an empty id is none."""
    options: dict[str, Any] = {"id": request.id or None}
    if request.outputs:
        options["outputs"] = [
            {"name": output.name, "parameters": plain_parameters(output)}
            for output in request.outputs
        ]
    return options
