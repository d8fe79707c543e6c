"""A call of a few rows, and its answer, in the least time: between a flow and a member's process.

They have the prefix of :mod:`modelhost.wire`, with these protocols, headers and payloads:

    MHR1   number of the request, rows; the columns, lists of values, as marshal writes them
    MHA1   number, rows, classes, whether labels are float64, the model's seconds and beginning;
           the probabilities as float64, row by row, and the labels, else in JSON

``MHR1`` without header and payload announces a request: the process wakes and looks for it, while
the flow makes it. A member reads what marshal has written because the flow has started it, and both
have the same Python; the flow reads numbers and JSON. Other requests and answers, errors among
them, are ordinary messages.
"""

from __future__ import annotations

import json
import marshal
import struct
from typing import Any, NamedTuple

import numpy as np

from modelhost.prediction_messages import encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import PREFIX, EncodedMessage, Message

REQUEST, ANSWER = b"MHR1", b"MHA1"
ANNOUNCEMENT = PREFIX.pack(REQUEST, 0, 0)
_MARSHAL_VERSION = 2
"""Without references, which take longer; every Python since 2.5 writes and reads it."""
_ASKED = struct.Struct("<QI")
_ANSWERED = struct.Struct("<QII?dd")
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


class ShortRequest(NamedTuple):
    """Rows for a member's model."""

    rows: int
    values: Any
    """A list of plain values for each column, None for null, or NaN in a column of floats."""

    def encoded(self, number: int) -> bytes:
        """The bytes of the request with this number."""
        columns = marshal.dumps(self.values, _MARSHAL_VERSION)
        prefix = PREFIX.pack(REQUEST, _ASKED.size, len(columns))
        return b"".join((prefix, _ASKED.pack(number, self.rows), columns))


def read_request(block: memoryview, header: int) -> Message | None:
    """The request in ``block``, its header and payload; None for an announcement.

    Raises ``ValueError`` and what ``marshal.loads`` and ``struct`` raise.
    """
    if not block:
        return None
    number, rows = _ASKED.unpack(block[:header])
    values = marshal.loads(block[header:])
    return Message({"verb": "ask", "model": 0, "rows": rows, "values": values, "short": number})


def answer_to_flow(
    number: int | None, predictions: Predictions, seconds: float, began: float
) -> Message:
    """The answer to the short request with this number, or to another one.

    ``seconds``: those of the model, which began at ``began`` (``time.perf_counter()``). What a
    short answer can't hold makes an ordinary one.
    """
    if number is not None and predictions.more is None and not predictions.absent:
        return _short(number, predictions, seconds, began)
    header, buffers = encode_predictions(predictions)
    return Message({**header, "seconds": seconds, "began": began}, buffers)


def _short(number: int, predictions: Predictions, seconds: float, began: float) -> EncodedMessage:
    labels, chances = predictions.labels, predictions.probabilities
    floats = {*map(type, labels)} == {float}
    last = struct.pack(f"<{len(labels)}d", *labels) if floats else _encode(labels).encode()
    first = b"" if chances is None else chances.astype("<f8", copy=False).tobytes()
    classes = 0 if chances is None else chances.shape[1]
    prefix = PREFIX.pack(ANSWER, _ANSWERED.size, len(first) + len(last))
    head = _ANSWERED.pack(number, len(labels), classes, floats, seconds, began)
    return EncodedMessage({}, [b"".join((prefix, head, first, last))])


def read_answer(block: memoryview, header: int) -> Message:
    """The answer in ``block``, with ``predictions``.

    Raises ``ValueError`` and ``struct.error``.
    """
    number, rows, classes, floats, seconds, began = _ANSWERED.unpack(block[:header])
    chances, start = None, header + 8 * rows * classes
    if classes:
        flat = np.frombuffer(block[header:start], "<f8")
        chances = flat.reshape(rows, classes).astype(np.float64)
    if floats:
        labels = [*struct.unpack(f"<{rows}d", block[start:])]
    else:
        text = str(block[start:], "utf-8", "surrogatepass")
        labels, end = _decode(text)
        if type(labels) is not list or end != len(text):
            raise ValueError("expected a list of labels")
    predictions = Predictions(labels, chances)
    return Message({"id": number, "predictions": predictions, "seconds": seconds, "began": began})
