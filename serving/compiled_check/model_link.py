"""Asks the model's process for the compiled check: blocking, one row at a time."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from modelhost.columns import ColumnSpec, encode_values
from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message, WireError, receive, send
from packager.manifest.manifest import Schema
from serving.prediction.model_connection import MAX_ANSWER_BYTES
from serving.prediction.native_model import UNREADABLE

ANSWER_SECONDS = 30.0


class NoAnswerError(Exception):
    """The model's process gave no answer: it ends, restarts or is stuck."""


class ModelLink:
    """A connection with a model process, opened again after each failure."""

    def __init__(self, address: str, schema: Schema) -> None:
        self._address = address
        self._specs = [ColumnSpec.of(column) for column in schema.features]
        self._connection: socket.socket | None = None

    def predict(self, values: Sequence[Any]) -> Predictions | None:
        """The answer for one row of features; None if the model raises on it.

        Raises ``NoAnswerError``.
        """
        columns = encode_values([[value] for value in values], self._specs, 1)
        header = {"verb": "predict", "id": 0, "rows": 1, "columns": columns.described}
        try:
            answer = self._request(Message(header, columns.buffers))
            if "labels" in answer.header:
                return _of_one_row(decode_predictions(answer))
        except (OSError, WireError, *UNREADABLE) as error:
            self.close()
            raise NoAnswerError(str(error)) from error
        if "refused" in answer.header or "broken" in answer.header:
            return None
        raise NoAnswerError("too many requests wait")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None

    def _request(self, message: Message) -> Message:
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._connection.settimeout(ANSWER_SECONDS)
            self._connection.connect(self._address)
            self._receive()  # its greeting
        send(self._connection, message)
        return self._receive()

    def _receive(self) -> Message:
        assert self._connection is not None
        answer = receive(self._connection, MAX_ANSWER_BYTES)
        if answer is None:
            raise WireError("the model's process closed the connection")
        return answer


def _of_one_row(predictions: Predictions) -> Predictions:
    if len(predictions.labels) != 1:
        raise ValueError(f"expected the answer to 1 row, got {len(predictions.labels)}")
    return predictions
