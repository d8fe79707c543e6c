"""A model that a process of the model host has loaded: what is known and asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from modelhost.columns import ColumnSpec, decode_columns, encode_values
from modelhost.output_spec import OutputSpec
from modelhost.prediction_messages import (
    decode_absent,
    decode_matrix,
    decode_predictions,
    encode_predictions,
)
from modelhost.predictions import Predictions, checked_labels, checked_probabilities
from modelhost.state import Leaf, OpaqueError
from modelhost.state_table import decode_state
from modelhost.wire import Buffer, Message
from packager.manifest.base import FeatureForm, Scalar, Task
from packager.model.compiled.called_parts import CalledParts
from packager.model.model import Model
from packager.model.readable_answers import readable_answer

if TYPE_CHECKING:
    import pandas as pd


class SendRequest(Protocol):
    """Sends requests to a process."""

    def __call__(self, request: Message, seconds: float | None = None) -> Message:
        """The answer within ``seconds``; raises ``PackageError``."""


@dataclass(frozen=True)
class HostedModel:
    """A loaded model; it can be asked as long as its process runs."""

    send: SendRequest
    number: int
    task: Task
    classes: tuple[Scalar, ...] | None
    """The model's ``classes_``; None for regression, or if the model has none."""
    has_probabilities: bool
    feature_names: tuple[str, ...] | None
    """The columns that the model recorded in training, in order; None if it recorded none."""
    feature_count: int | None
    """The number of columns that the model recorded in training; None if it recorded none."""
    text_step: str | None
    """The class of its first step if that expects texts, not a frame."""
    type_name: str
    outputs: tuple[OutputSpec, ...] = ()
    """Its outputs, if the task is ``outputs``."""
    takes: FeatureForm = "frame"
    seconds: float | None = None
    """Time limit of a prediction."""
    traced: bool = True
    """Whether the traceback of an exception is written to stderr."""

    @classmethod
    def read(cls, send: SendRequest, task: Task, answer: Message) -> HostedModel:
        """From the answer to a request to load it; raises ``PackageError`` for another form."""
        with readable_answer():
            model: Mapping[str, Any] = answer.header["model"]
            return cls(
                send=send,
                number=model["number"],
                task=task,
                classes=_tuple(model["classes"]),
                has_probabilities=model["has_probabilities"],
                feature_names=_tuple(model["feature_names"]),
                feature_count=model["feature_count"],
                text_step=model["text_step"],
                type_name=model["type"],
                takes=model["takes"],
                outputs=tuple(OutputSpec.read(one) for one in model["outputs"]),
            )

    def within(self, seconds: float) -> HostedModel:
        """The same model, with a time limit of each prediction."""
        return replace(self, seconds=seconds)

    def untraced(self) -> HostedModel:
        """The same model, whose exceptions write no traceback to stderr."""
        return replace(self, traced=False)

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """Predict for ``frame``, which holds exactly the features, in the schema's order.

        Raises ``PackageError`` for an exception of the model and for an invalid result.
        """
        from packager.model.frame_columns import frame_header

        return self._predict(*frame_header(frame))

    def timed(self, frame: pd.DataFrame) -> float:
        """The seconds of processor time that a prediction for ``frame`` takes; raises likewise.

        All threads of the model's process count; reading the frame and writing answers don't.
        """
        from packager.model.frame_columns import frame_header

        header, buffers = frame_header(frame)
        own = {"verb": "predict", "model": self.number, "traced": self.traced}
        return float(self.send(Message({**header, **own}, buffers)).header["cpu_seconds"])

    def predict_columns(
        self, columns: Sequence[Sequence[Any]], specs: Sequence[ColumnSpec], rows: int
    ) -> Predictions:
        """Predict for rows of checked values, None for null, in columns; raises as ``predict``."""
        encoded = encode_values(columns, specs, rows)
        return self.predict_described(encoded.described, encoded.buffers, specs, rows)

    def predict_described(
        self,
        described: Sequence[Mapping[str, Any]],
        buffers: Sequence[Buffer],
        specs: Sequence[ColumnSpec],
        rows: int,
    ) -> Predictions:
        """As ``predict_columns``, for columns that are encoded (:mod:`modelhost.columns`)."""
        header = {"specs": [spec.as_json() for spec in specs], "columns": list(described)}
        return self._predict({**header, "rows": rows}, buffers)

    def measure(
        self,
        function: str,
        rows: pd.DataFrame,
        features: Sequence[str],
        targets: Sequence[str],
        predictions: Predictions,
    ) -> dict[str, Any]:
        """The measures of the project's function for the answers ``predictions`` to ``rows``.

        Name → a number, or a list with a number or None for each row. Raises ``PackageError``.
        """
        from packager.model.frame_columns import frame_header

        header, buffers = frame_header(rows)
        answers, more = encode_predictions(predictions)
        own = {"verb": "measure", "function": function, "answers": answers, "after": len(buffers)}
        named = {"features": list(features), "targets": list(targets), "takes": self.takes}
        answer = self.send(Message({**header, **own, **named}, [*buffers, *more]))
        with readable_answer():
            return dict(answer.header["measured"])

    def relate(self, function: str, frame: pd.DataFrame) -> list[bool]:
        """Of each row of ``frame``, the features, what the project's function says.

        Raises ``PackageError`` if it raises, or returns anything else.
        """
        from packager.model.frame_columns import frame_header

        header, buffers = frame_header(frame)
        own = {"verb": "relate", "model": self.number, "function": function}
        answer = self.send(Message({**header, **own}, buffers))
        with readable_answer():
            holds = list(answer.header["holds"])
            if len(holds) != len(frame) or not all(isinstance(one, bool) for one in holds):
                raise ValueError(f"{function}: expected a boolean for each row")
        return holds

    def embed(self, function: str, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """The embeddings of the rows of ``frame``, the features: shape (rows, numbers).

        ``function``: as ``[monitoring] embedding``. Raises ``PackageError`` if it raises, or gives
        anything else.
        """
        from packager.model.frame_columns import frame_header

        header, buffers = frame_header(frame)
        own = {"verb": "embed", "model": self.number, "function": function}
        return self.embedded(self.send(Message({**header, **own}, buffers)), len(frame))

    @staticmethod
    def embedded(answer: Message, rows: int) -> npt.NDArray[np.float64]:
        """The embeddings in an answer for ``rows`` rows; raises ``PackageError``."""
        with readable_answer():
            embeddings: npt.NDArray[np.float64] = decode_matrix(answer)
            if embeddings.ndim != 2 or len(embeddings) != rows:
                raise ValueError(f"expected the embeddings of {rows} rows, got {embeddings.shape}")
        return embeddings

    @property
    def parts(self) -> CalledParts:
        """Its parts, for a compiled form that calls them."""
        return CalledParts(self._called)

    def _predict(self, header: Mapping[str, Any], buffers: Sequence[Buffer]) -> Predictions:
        own = {"verb": "predict", "model": self.number, "traced": self.traced}
        answer = self.send(Message({**header, **own}, buffers), self.seconds)
        with readable_answer():
            return self.predictions(answer, header["rows"])

    def _called(self, call: Message) -> Message:
        own = {"model": self.number, "traced": self.traced}
        return self.send(Message({**call.header, **own}, call.buffers), self.seconds)

    def state(self) -> dict[str, Leaf]:
        """Path → leaf, for everything the model holds; raises ``OpaqueError``."""
        answer = self.send(Message({"verb": "state", "model": self.number}))
        if "opaque" in answer.header:
            raise OpaqueError(str(answer.header["opaque"]))
        with readable_answer():
            return decode_state(answer.buffers)

    def predictions(self, answer: Message, rows: int) -> Predictions:
        """The predictions of an answer for ``rows`` rows, checked; raises ``PackageError``."""
        if self.outputs:
            return decode_predictions(answer)
        described, absent = [answer.header["labels"]], decode_absent(answer.header, rows)
        if not self.has_probabilities:
            (labels,) = decode_columns(described, answer.buffers, rows)
            return Predictions(checked_labels(labels, rows, self.task), None, absent=absent)
        width = len(self.classes or ())
        own, chances = answer.buffers[:-1], answer.buffers[-1]
        (labels,) = decode_columns(described, own, rows)
        (flat,) = decode_columns([answer.header["probabilities"]], [chances], rows * width)
        probabilities = np.array(flat, np.float64).reshape(rows, width)
        valid_labels = checked_labels(labels, rows, self.task)
        return Predictions(
            valid_labels, checked_probabilities(probabilities, rows, width), absent=absent
        )


def untraced(model: Model) -> Model:
    """``model``; if it is in another process, its exceptions write no traceback to stderr."""
    return model.untraced() if isinstance(model, HostedModel) else model


def _tuple(values: Any) -> Any:
    return None if values is None else tuple(values)
