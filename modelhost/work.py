"""Training, replay and measurement: answers the harness's requests on one connection.

Every request has ``"verb"`` and further keys; the answer holds the result, or ``"error"``:

    load         path, predictor, loader, task → model: its number and description
    predict      model, columns, rows, specs → labels, probabilities
    train        train, params, seed, features, target (names), columns … → model_type
    save         path, predictor → loader
    state        model → the table of its state, or opaque: why there is none
    environment  → environment: what of this process can change the last bits of a result

A request that the project's code fails is answered with the error; the process goes on.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from modelhost.addresses import clear_addresses
from modelhost.columns import ColumnSpec, decode_columns, encode_array, encode_labels
from modelhost.environment import numerical_environment
from modelhost.errors import PackageError
from modelhost.frames import FrameBuilder, keep_text_plain
from modelhost.model import LoadedModel, load_model
from modelhost.project_code import project_errors
from modelhost.recipe import call_recipe
from modelhost.state import OpaqueError, state
from modelhost.state_table import encode_state
from modelhost.storage import save_model
from modelhost.wire import Message, receive, send


class Workshop:
    """The models of this process, and the verbs on them."""

    def __init__(self) -> None:
        self._models: list[LoadedModel] = []
        self._trained: tuple[Any, ModuleType] | None = None
        self._verbs: dict[str, Callable[[Message], Message]] = {
            "load": self.load,
            "predict": self.predict,
            "train": self.train,
            "save": self.save,
            "state": self.state,
            "environment": lambda _: Message({"environment": numerical_environment()}),
        }

    def answer(self, asked: Message) -> Message:
        """The answer to one request; errors of the project's code become part of it."""
        try:
            verb = self._verbs[asked.header["verb"]]
            return verb(asked)
        except PackageError as error:
            return Message({"error": describe(error)})

    def load(self, asked: Message) -> Message:
        """Load a model."""
        given = asked.header
        path, predictor, loader = Path(given["path"]), given["predictor"], given["loader"]
        model = load_model(path, predictor, loader, given["task"])
        self._models.append(model)
        with project_errors("the model"):
            return Message({"model": {"number": len(self._models) - 1, **described(model)}})

    def predict(self, asked: Message) -> Message:
        """Predict with a loaded model."""
        model = self._models[asked.header["model"]]
        frame = read_frame(asked)
        with project_errors("the model", traced=asked.header.get("traced", True)):
            found = model.predict(frame)
        labels = encode_labels(found.labels)
        header: dict[str, Any] = {"labels": labels.described[0], "rows": labels.rows}
        buffers = list(labels.buffers)
        if found.probabilities is not None:
            header["shape"] = list(found.probabilities.shape)
            header["probabilities"], more = encode_array(found.probabilities)
            buffers += more
        return Message(header, buffers)

    def train(self, asked: Message) -> Message:
        """Call the recipe; the model stays here until it is saved."""
        given = asked.header
        frame = read_frame(asked)
        target = frame[given["target"]].copy()
        features = frame[given["features"]].copy()
        self._trained = call_recipe(
            given["train"], given["params"], given["seed"], features, target
        )
        clear_addresses(self._trained[0])
        return Message({"model_type": type(self._trained[0]).__name__})

    def save(self, asked: Message) -> Message:
        """Write the trained model below ``path``, the folder that becomes ``/models``."""
        assert self._trained is not None
        model, module = self._trained
        loader = save_model(model, Path(asked.header["path"]), module, asked.header["predictor"])
        return Message({"loader": loader})

    def state(self, asked: Message) -> Message:
        """Describe the state of a loaded model."""
        try:
            with project_errors("the model"):
                leaves = state(self._models[asked.header["model"]].native)
        except OpaqueError as error:
            return Message({"opaque": str(error)})
        return Message({}, encode_state(leaves))


def read_frame(asked: Message) -> Any:
    """The data frame of a request."""
    specs = [ColumnSpec.read(one) for one in asked.header["specs"]]
    rows = asked.header["rows"]
    columns = decode_columns(asked.header["columns"], asked.buffers, rows)
    return FrameBuilder(specs).frame(columns, rows)


def described(model: LoadedModel) -> dict[str, Any]:
    """What the harness and the server know of a model, without looking inside."""
    return {
        "type": model.type_name,
        "module": type(model.native).__module__,
        "classes": None if model.classes is None else list(model.classes),
        "has_probabilities": model.has_probabilities,
        "feature_names": None if model.feature_names is None else list(model.feature_names),
        "feature_count": model.feature_count,
        "text_step": model.text_step,
    }


def describe(error: PackageError) -> dict[str, Any]:
    """An error for a header; ``missing_key``: the key of a ``KeyError`` behind it."""
    cause = error.__cause__
    key = cause.args[0] if isinstance(cause, KeyError) and cause.args else None
    return {
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "cause": None if cause is None else type(cause).__name__,
        "missing_key": key if isinstance(key, str) else None,
    }


def work(connection: socket.socket) -> None:
    """Answer requests until the harness closes the connection."""
    if find_spec("pandas") is not None:
        keep_text_plain()
    workshop = Workshop()
    while True:
        asked = receive(connection)
        if asked is None:
            return
        answer = workshop.answer(asked)
        sys.stdout.flush()
        send(connection, answer)
