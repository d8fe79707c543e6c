"""Calls of parts of the model, for a compiled form, in the model's process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modelhost.prediction_messages import (
    PartCall,
    decode_matrix,
    decode_predictions,
    encode_call,
)
from modelhost.predictions import Predictions
from modelhost.wire import Message


class CalledParts:
    """The ``ModelParts`` of a model of another process."""

    def __init__(self, send: Callable[[Message], Message]) -> None:
        """``send`` sends a request to that process and returns its answer."""
        self._send = send

    def transform(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Any:
        """The output of a transformer, shape (rows, outputs); raises what ``send`` raises."""
        return decode_matrix(self._called("transform", path, matrix, sparse))

    def predict(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Predictions:
        """The answers of an estimator for float64 rows, shape (rows, width).

        Raises what ``send`` raises.
        """
        return decode_predictions(self._called("predict", path, matrix, sparse))

    def _called(self, method: str, path: Sequence[Any], matrix: Any, sparse: bool) -> Message:
        return self._send(Message(*encode_call(PartCall(path, method, matrix, sparse))))
