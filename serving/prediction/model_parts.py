"""Calls of parts of the model, for a compiled form, by a worker of a server."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from modelhost.predictions import Predictions
from modelhost.wire import Message
from packager.model.compiled.called_parts import CalledParts
from serving.prediction.errors import ModelError
from serving.prediction.model_client import ModelClient
from serving.prediction.native_model import UNREADABLE, exception_lines, unreadable_answer


class HostedParts(CalledParts):
    """The parts of a served model; called in a thread, never in the event loop.

    Calls raise ``ModelError`` if a part raises, and what ``ModelClient`` raises.
    """

    def __init__(self) -> None:
        super().__init__(self._answer)
        self._client: ModelClient | None = None
        self.deadline = math.inf
        """``time.monotonic()`` seconds by which the calls that follow are to be answered."""

    def bind(self, client: ModelClient) -> None:
        """Ask this client; before, no part can be called."""
        self._client = client

    def transform(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Any:
        """As of ``CalledParts``."""
        with _readable():
            return _with_rows(super().transform(path, matrix, sparse=sparse), matrix)

    def predict(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Predictions:
        """As of ``CalledParts``."""
        with _readable():
            predictions = super().predict(path, matrix, sparse=sparse)
            _with_rows(predictions.labels, matrix)
            return predictions

    def _answer(self, call: Message) -> Message:
        assert self._client is not None
        answer = self._client.request_blocking(call, self.deadline)
        if "broken" in answer.header:
            raise ModelError(exception_lines(answer.header["broken"]))
        return answer


@contextmanager
def _readable() -> Iterator[None]:
    """A context in which an answer that can't be read is an error of the model."""
    try:
        yield
    except UNREADABLE as error:
        raise unreadable_answer(error) from error


def _with_rows(answers: Any, matrix: Any) -> Any:
    """``answers``; raises ``ValueError`` unless there is one for each row of ``matrix``."""
    rows = matrix.shape[0]
    if len(answers) != rows:
        raise ValueError(f"expected answers to {rows} rows, got {len(answers)}")
    return answers
