"""Calls of parts of the model, for a compiled form, in the model's process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from modelhost.prediction_messages import (
    PartCall,
    decode_matrix,
    decode_predictions,
    encode_call,
)
from modelhost.predictions import Predictions
from modelhost.wire import Message
from serving.prediction.errors import ModelError
from serving.prediction.model_client import ModelClient
from serving.prediction.native_model import UNREADABLE, said_of, unreadable_answer


class HostedParts:
    """The ``ModelParts`` of a compiled form; called in a thread, never in the event loop."""

    def __init__(self) -> None:
        self._client: ModelClient | None = None
        self.deadline = math.inf
        """``time.monotonic()`` seconds by which the calls that follow are to be answered."""

    def bind(self, client: ModelClient) -> None:
        """Ask this client; before, no part can be called."""
        self._client = client

    def transform(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Any:
        """The output of a transformer, shape (rows, outputs); raises as ``predict`` does."""
        answer = self._ask("transform", path, matrix, sparse)
        try:
            return _with_rows(decode_matrix(answer), matrix)
        except UNREADABLE as error:
            raise unreadable_answer(error) from error

    def predict(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Predictions:
        """The answers of an estimator for float64 rows, shape (rows, width).

        Raises ``ModelError`` if it raises, and what ``ModelClient`` raises.
        """
        answer = self._ask("predict", path, matrix, sparse)
        try:
            found = decode_predictions(answer)
            _with_rows(found.labels, matrix)
            return found
        except UNREADABLE as error:
            raise unreadable_answer(error) from error

    def _ask(self, method: str, path: Sequence[Any], matrix: Any, sparse: bool) -> Message:
        assert self._client is not None
        call = Message(*encode_call(PartCall(path, method, matrix, sparse)))
        answer = self._client.ask_blocking(call, self.deadline)
        if "broken" in answer.header:
            try:
                said = said_of(answer.header["broken"])
            except UNREADABLE as error:
                raise unreadable_answer(error) from error
            raise ModelError(said)
        return answer


def _with_rows(answers: Any, matrix: Any) -> Any:
    """``answers``; raises ``ValueError`` unless there is one for each row of ``matrix``."""
    rows = matrix.shape[0]
    if len(answers) != rows:
        raise ValueError(f"expected answers to {rows} rows, got {len(answers)}")
    return answers
