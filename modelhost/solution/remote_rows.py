"""Rows for the server of a member, and its answers, in the JSON of ``/predict``."""

from __future__ import annotations

import base64
import json
import math
from typing import Any, Mapping, Sequence

import numpy as np

from modelhost.columns import NOT_A_TIME, SENT_AS_TEXT, ColumnSpec
from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberInputError
from modelhost.solution.spec import MemberSpec
from modelhost.text import class_text, truncate


def request_body(columns: Sequence[Any], rows: int, member: MemberSpec) -> bytes:
    """The request for the columns of ``member_columns``; raises ``MemberInputError``."""
    names = [spec.name for spec in member.features]
    cells = [_cells(values, spec, member) for values, spec in zip(columns, member.features)]
    listed = [dict(zip(names, row)) for row in zip(*cells)] if cells else [{}] * rows
    return json.dumps({"rows": listed}, allow_nan=False, separators=(",", ":")).encode()


def answered(
    document: Mapping[str, Any], rows: int, member: MemberSpec, classes: Sequence[Any] | None
) -> Predictions:
    """The content of an answer of ``/predict``, as the model itself returns it.

    Raises ``KeyError``, ``TypeError`` and ``ValueError`` for a document of another form.
    """
    entries = document["predictions"]
    if type(entries) is not list or len(entries) != rows:
        raise ValueError(f"expected answers to {rows} rows")
    labels = [one["prediction"] for one in entries]
    if member.task == "regression":
        labels = [None if label is None else float(label) for label in labels]
    if len(member.outputs) > 1 or not classes or "probabilities" not in entries[0]:
        return Predictions(labels, None)
    texts = [class_text(label) for label in classes]
    if len({*texts}) != len(texts):
        raise ValueError(f"two labels have the text of one: {', '.join(texts)}")
    chances = [[one["probabilities"][text] for text in texts] for one in entries]
    return Predictions(labels, np.array(chances, np.float64))


def refusal(status: int, body: bytes) -> str:
    """The status of an answer and what its error says, for a message."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = body[:200].decode("utf-8", "replace")
    return truncate(f"{status}: {message}", 400)


def _cells(values: Any, spec: ColumnSpec, member: MemberSpec) -> list[Any]:
    if spec.kind == "datetime":
        return _times(values, spec)
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if spec.kind == "bytes":
        return [None if one is None else base64.b64encode(one).decode() for one in listed]
    if spec.kind in SENT_AS_TEXT:
        return [None if one is None else str(one) for one in listed]
    if spec.kind == "array":
        listed = [one.tolist() if isinstance(one, np.ndarray) else one for one in listed]
    plain = [None if type(one) is float and one != one else one for one in listed]
    if any(type(one) is float and math.isinf(one) for one in plain):
        raise MemberInputError(
            member.name, f"column {spec.name!r}", "finite numbers, which JSON can hold", "infinity"
        )
    return plain


def _times(values: Any, spec: ColumnSpec) -> list[Any]:
    """Ticks since 1970 as text in ISO 8601, in UTC if the column has an offset."""
    unit, _, zone = spec.dtype[len("datetime64[") : -1].partition(", ")
    ticks = np.asarray([NOT_A_TIME if value is None else value for value in values], np.int64)
    texts = np.datetime_as_string(ticks.view(f"M8[{unit}]")).tolist()
    return [None if text == "NaT" else text + ("Z" if zone else "") for text in texts]
