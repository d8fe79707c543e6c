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
        return decode_matrix(self._ask("transform", path, matrix, sparse))

    def predict(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Predictions:
        """The answers of an estimator for float64 rows, shape (rows, width).

        Raises ``ModelError`` if it raises, and what ``ModelClient`` raises.
        """
        return decode_predictions(self._ask("predict", path, matrix, sparse))

    def _ask(self, method: str, path: Sequence[Any], matrix: Any, sparse: bool) -> Message:
        assert self._client is not None
        call = Message(*encode_call(PartCall(path, method, matrix, sparse)))
        answer = self._client.ask_blocking(call, self.deadline)
        if "broken" in answer.header:
            raise ModelError(answer.header["broken"]["said"])
        return answer
