"""The inputs and outputs of models, in messages.

Predictions are ``labels`` (one column), ``rows`` and, if there are any, ``probabilities`` and their
``shape``; a matrix is ``matrix`` and its ``shape``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Iterator, Mapping, NamedTuple

import numpy as np

from modelhost.columns import decode_columns, encode_array, encode_labels
from modelhost.predictions import Predictions
from modelhost.wire import Buffer, Message


def encode_predictions(predictions: Predictions) -> tuple[dict[str, Any], list[Buffer]]:
    """The entries of a header, and the buffers, of predictions."""
    labels = encode_labels(predictions.labels)
    header: dict[str, Any] = {"labels": labels.described[0], "rows": labels.rows}
    buffers = list(labels.buffers)
    if predictions.probabilities is not None:
        header["shape"] = list(predictions.probabilities.shape)
        header["probabilities"], more = encode_array(predictions.probabilities)
        buffers += more
    if predictions.more is not None:
        header["more"] = predictions.more
    if predictions.absent:
        header["absent"] = {name: [*rows] for name, rows in predictions.absent.items()}
    return header, buffers


def decode_predictions(answer: Message) -> Predictions:
    """The predictions in a message; raises ``PackageError`` for another one."""
    header = answer.header
    rows, buffers = header["rows"], answer.buffers
    absent = decode_absent(header, rows)
    if "probabilities" not in header:
        (labels,) = decode_columns([header["labels"]], buffers, rows)
        return Predictions(_plain(labels), None, header.get("more"), absent)
    (labels,) = decode_columns([header["labels"]], buffers[:-1], rows)
    height, width = header["shape"]
    (flat,) = decode_columns([header["probabilities"]], buffers[-1:], height * width)
    chances = np.array(flat, np.float64).reshape(rows, width)
    return Predictions(_plain(labels), chances, None, absent)


def decode_absent(header: Mapping[str, Any], rows: int) -> dict[str, list[int]] | None:
    """Member → rows without its answer, if there are any; ``ValueError`` for other rows."""
    if "absent" not in header:
        return None
    absent = header["absent"]
    for indices in absent.values():
        if not all(type(index) is int and 0 <= index < rows for index in indices):
            raise ValueError(f"expected some of {rows} rows of a member without an answer")
    return {str(name): sorted({*indices}) for name, indices in absent.items()}


def decode_received(answer: Message) -> Iterator[tuple[str, list[int], Predictions]]:
    """The calls in the answer to ``rerun``: member, places and answers."""
    at = answer.header["own"]
    for member, indices, header, count in answer.header["received"]:
        own = decode_predictions(Message(header, answer.buffers[at : at + count]))
        at += count
        yield member, indices, own


def encode_matrix(matrix: Any) -> tuple[dict[str, Any], list[Buffer]]:
    """The entries of a header, and the buffers, of a matrix of float64."""
    described, buffers = encode_array(np.asarray(matrix, np.float64))
    return {"matrix": described, "shape": list(matrix.shape)}, buffers


def decode_matrix(message: Message) -> Any:
    """The matrix in a message; raises ``PackageError`` for another one."""
    rows, width = message.header["shape"]
    (flat,) = decode_columns([message.header["matrix"]], message.buffers, rows * width)
    return np.array(flat, np.float64).reshape(rows, width)


class PartCall(NamedTuple):
    """A call of a part of a fitted model: ``method`` is ``transform`` or ``predict``."""

    path: Sequence[Any]
    method: str
    matrix: Any
    sparse: bool


def encode_call(call: PartCall) -> tuple[dict[str, Any], list[Buffer]]:
    """The entries of a header, and the buffers, of a call."""
    header, buffers = encode_matrix(call.matrix)
    named = {"path": list(call.path), "method": call.method, "sparse": call.sparse}
    return {"verb": "call", **named, **header}, buffers


def decode_call(message: Message) -> PartCall:
    """The call in a message; raises ``KeyError`` or ``PackageError`` for another one."""
    header = message.header
    return PartCall(header["path"], header["method"], decode_matrix(message), header["sparse"])


def _plain(labels: Any) -> Any:
    return labels.tolist() if isinstance(labels, np.ndarray) else labels
