"""Training, replay and measurement: answers the harness's requests on one connection.

Every request has ``"verb"`` and further keys; the answer holds the result, or ``"error"``, and
the ``"id"`` of a request that has one:

    load         path, predictor, loader, pickle_allow, task, outputs, classes, takes, specs
                 (or none) → model: its number and description
    predict      model, columns, rows, specs → labels, probabilities, cpu_seconds, seconds
    ask          model, columns or values (lists), rows, of the specs at load → labels,
                 probabilities, seconds: those of the frame and of the model
    call         model, path, method, sparse, a matrix → as predict, or a matrix
    train        train, params, seed, takes, features, targets (names), columns … → model_type
    embed        model, function, columns, rows, specs → a matrix
    measure      function, takes, features, targets, columns …, answers, after → measured
    relate       model, function, columns, rows, specs → holds: a boolean for each row
    save         path, predictor → loader
    state        model → the table of its state, or opaque: why there is none
    environment  → environment: what of this process can change the last bits of a result;
                 libraries: modules that a process may import before it is forked

The requests that compile a model are in :mod:`modelhost.compiling.verbs`, those that study a
solution in :mod:`modelhost.solution.study_verbs`.

A request that the project's code fails is answered with the error; the process goes on.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from modelhost.addresses import clear_addresses
from modelhost.array_input import ARRAY, FRAME, input_builder
from modelhost.columns import ColumnSpec, decode_columns
from modelhost.compiling import verbs
from modelhost.embedding import embedded
from modelhost.environment import process_environment
from modelhost.errors import EXIT_OUT_OF_MEMORY, PackageError
from modelhost.fitted_parts import FittedParts
from modelhost.frames import keep_text_plain
from modelhost.model import LoadedModel, load_model
from modelhost.output_spec import OutputSpec
from modelhost.own_metrics import call_metrics
from modelhost.own_relation import call_relation
from modelhost.pickles.before_load import pickles_allowed
from modelhost.prediction_messages import decode_call, decode_predictions, encode_predictions
from modelhost.project_code import project_errors
from modelhost.recipe import call_recipe
from modelhost.short_wait import processors
from modelhost.solution import study_verbs
from modelhost.solution.errors import MemberUnavailableError
from modelhost.solution.flow import with_absent
from modelhost.solution.short_form import REQUEST, answer_to_flow, read_request
from modelhost.state import OpaqueError, state
from modelhost.state_table import encode_state
from modelhost.storage import save_model
from modelhost.wire import Message, Receiver, send


class OutOfMemoryError(Exception):
    """The model of a member ran out of memory: its process is to end."""


class HostSession:
    """The models of this process, and the verbs on them."""

    def __init__(self, models: Sequence[LoadedModel] = ()) -> None:
        """``models``: models that are loaded already, numbered from 0."""
        self._models: list[LoadedModel] = list(models)
        self._parts: dict[int, FittedParts] = {}
        self._inputs: dict[int, tuple[list[ColumnSpec], Any]] = {}
        self._trained: tuple[Any, ModuleType] | None = None
        self._studies = study_verbs.StudyVerbs()
        self._verbs: dict[str, Callable[[Message], Message]] = {
            "load": self.load,
            "predict": self.predict,
            "ask": self.ask,
            "train": self.train,
            "embed": self.embed,
            "measure": measure,
            "relate": self.relate,
            "save": self.save,
            "state": self.state,
            "environment": lambda _: Message(process_environment()),
            "call": self.call,
            "supported": lambda it: verbs.supported(self._model(it)),
            "keys": lambda it: verbs.keys(self._model(it), read_specs(it)),
            "compile": self.compile,
            "study": self.study,
            "rerun": self._studies.rerun,
            "answer": lambda it: study_verbs.answer(it, self._model(it)),
        }

    def answer(self, request: Message) -> Message:
        """The answer to one request; errors of the project's code become part of it."""
        try:
            verb = self._verbs[request.header["verb"]]
            answer = verb(request)
        except PackageError as error:
            answer = Message({"error": describe(error)})
        number = request.header.get("short", request.header.get("id"))
        if number is not None:
            answer.header["id"] = number
        return answer

    def load(self, request: Message) -> Message:
        """Load a model."""
        header = request.header
        path, predictor, loader = Path(header["path"]), header["predictor"], header["loader"]
        outputs, classes = read_outputs(header), header.get("classes")
        with pickles_allowed(header.get("pickle_allow", ())):
            model = load_model(path, predictor, loader, header["task"], outputs, classes)
        model = replace(model, takes=header["takes"])
        self._models.append(model)
        if "specs" in header:
            specs = read_specs(request)
            self._inputs[len(self._models) - 1] = specs, input_builder(model.takes, specs)
        with project_errors("the model"):
            return Message({"model": {"number": len(self._models) - 1, **model.described()}})

    def predict(self, request: Message) -> Message:
        """Predict with a loaded model."""
        model = self._model(request)
        frame = read_input(request, model.takes)
        cpu, wall = time.process_time(), time.perf_counter()
        with project_errors("the model", traced=request.header.get("traced", True)):
            predictions = model.predict(frame, read_specs(request))
        spent = {"cpu_seconds": time.process_time() - cpu, "seconds": time.perf_counter() - wall}
        header, buffers = encode_predictions(with_absent(model.native, predictions))
        return Message({**header, **spent}, buffers)

    def ask(self, request: Message) -> Message:
        """Predict rows of the columns that the model was loaded with."""
        header, model = request.header, self._model(request)
        (specs, builder), rows = self._inputs[header["model"]], header["rows"]
        columns = header.get("values")
        if columns is None:
            columns = decode_columns(header["columns"], request.buffers, rows)
        began = time.perf_counter()
        try:
            with project_errors("the model", traced=False):
                predictions = model.predict(builder.frame(columns, rows), specs)
        except PackageError as error:
            if isinstance(error.__cause__, MemoryError):  # another process starts with less
                raise OutOfMemoryError from error
            raise
        return answer_to_flow(header.get("short"), predictions, time.perf_counter() - began, began)

    def relate(self, request: Message) -> Message:
        """Call the function of a metamorphic case."""
        model = self._model(request)
        frame, specs = read_input(request, model.takes), read_specs(request)
        return Message({"holds": call_relation(request.header["function"], frame, model, specs)})

    def embed(self, request: Message) -> Message:
        """Call the embedding that monitoring names."""
        model = self._model(request)
        return embedded(request, read_input(request, model.takes), model, read_specs(request))

    def call(self, request: Message) -> Message:
        """Call a transformer or an estimator within a loaded model."""
        header, number = request.header, request.header["model"]
        parts = self._parts.setdefault(number, FittedParts(self._model(request)))
        call = decode_call(request)
        with project_errors("the model", traced=header.get("traced", True)):
            return parts.answer(call)

    def train(self, request: Message) -> Message:
        """Call the recipe; the model stays here until it is saved."""
        header, (target, rows) = request.header, _training_rows(request)
        self._trained = call_recipe(header["train"], header["params"], header["seed"], rows, target)
        clear_addresses(self._trained[0])
        return Message({"model_type": type(self._trained[0]).__name__})

    def save(self, request: Message) -> Message:
        """Write the trained model below ``path``, the folder that becomes ``/models``."""
        assert self._trained is not None
        model, module = self._trained
        header = request.header
        loader = save_model(model, Path(header["path"]), module, header["predictor"])
        return Message({"loader": loader})

    def state(self, request: Message) -> Message:
        """Describe the state of a loaded model."""
        try:
            with project_errors("the model"):
                model = self._model(request)
                described = model.native if model.state is None else model.state
                clear_addresses(described)  # a prediction stores them again
                leaves = state(described)
        except OpaqueError as error:
            return Message({"opaque": str(error)})
        return Message({}, encode_state(leaves))

    def compile(self, request: Message) -> Message:
        """Describe the candidate forms of a loaded model."""
        frame, probes = read_input(request, FRAME), request.buffers[-1]
        return verbs.candidates(self._model(request), read_specs(request), frame, probes)

    def study(self, request: Message) -> Message:
        """Begin the study of a loaded solution."""
        model, specs = self._model(request), read_specs(request)
        return self._studies.begin(request, model, read_input(request, model.takes), specs)

    def _model(self, request: Message) -> LoadedModel:
        number: int = request.header["model"]
        return self._models[number]


def measure(request: Message) -> Message:
    """Call the project's function of metrics; the buffers of the answers follow ``after``."""
    header, after = request.header, request.header["after"]
    target, features = _training_rows(Message(header, request.buffers[:after]))
    predictions = decode_predictions(Message(header["answers"], request.buffers[after:]))
    return Message({"measured": call_metrics(header["function"], features, target, predictions)})


def read_specs(request: Message) -> list[ColumnSpec]:
    """The columns of a request."""
    return [ColumnSpec.read(one) for one in request.header["specs"]]


def read_outputs(request: Mapping[str, Any]) -> list[OutputSpec]:
    """The outputs that a request, or the file of a serving process, declares."""
    return [OutputSpec.read(one) for one in request["outputs"]]


def read_input(request: Message, takes: str) -> Any:
    """The data frame of a request, or its array."""
    rows = request.header["rows"]
    columns = decode_columns(request.header["columns"], request.buffers, rows)
    return input_builder(takes, read_specs(request)).frame(columns, rows)


def _training_rows(request: Message) -> tuple[Any, Any]:
    """The target, and the features as the recipe takes them."""
    header = request.header
    if header["takes"] == FRAME:
        frame = read_input(request, FRAME)
        return _target(frame, header["targets"]), frame[header["features"]].copy()
    rows, specs = header["rows"], read_specs(request)
    columns = decode_columns(header["columns"], request.buffers, rows)
    frames = []
    for names, takes in ((header["targets"], FRAME), (header["features"], ARRAY)):
        indices = [index for index, spec in enumerate(specs) if spec.name in names]
        builder = input_builder(takes, [specs[index] for index in indices])
        frames.append(builder.frame([columns[index] for index in indices], rows))
    return _target(frames[0], header["targets"]), frames[1].copy()


def _target(frame: Any, names: Sequence[str]) -> Any:
    """One column, a frame of several, or None."""
    if not names:
        return None
    return frame[names[0] if len(names) == 1 else list(names)].copy()


def describe(error: PackageError) -> dict[str, Any]:
    """An error for a header; also the key of a ``KeyError``, and if a member is unavailable."""
    cause = error.__cause__
    key = cause.args[0] if isinstance(cause, KeyError) and cause.args else None
    return {
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "cause": None if cause is None else type(cause).__name__,
        "missing_key": key if isinstance(key, str) else None,
        "unavailable": isinstance(error, MemberUnavailableError),
    }


def work(connection: socket.socket) -> int:
    """Answer requests until the harness closes the connection; return the exit code."""
    if find_spec("pandas") is not None:
        keep_text_plain()
    workshop, own = HostSession(), os.getpid()
    incoming = Receiver(connection, {REQUEST: read_request}, processors(os.environ))
    while (request := incoming.receive()) is not None:
        try:
            answer = workshop.answer(request)
        except OutOfMemoryError:
            return EXIT_OUT_OF_MEMORY
        if os.getpid() != own:
            return 0  # a child that the project's code has forked, which must not answer
        sys.stdout.flush()
        send(connection, answer)
    return 0
