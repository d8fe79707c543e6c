"""The monitored columns of structured answers: one to three columns of values for each output.

The profile bins the columns of the held-out answers, the server counts those of live answers in the
same bins, and drift compares the two as it does for features.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from monitoring.metrics.class_labels import class_text
from monitoring.profile.profile import PREDICTION
from monitoring.scoring.levels import number_name
from monitoring.scoring.outputs import LabelledOutput

MAX_ANSWER_FEATURES = 8
"""Columns of answers in a profile, in the order of the outputs."""
MAX_SET_TEXT = 200


class AnswerColumn(NamedTuple):
    """One value of each answer of an output."""

    name: str
    """``__prediction__.OUTPUT``, with ``.MEASURE`` for a second one."""
    output: str
    categorical: bool
    value: Callable[[Any], Any]
    """From an answer that isn't null; None or NaN where it has no value."""
    measure: str | None = None
    """The measure derived from the values, which are arrays."""


def answer_columns(outputs: Sequence[LabelledOutput]) -> tuple[AnswerColumn, ...]:
    """The columns of ``outputs``: first the first one of each, then the second ones, and so on."""
    each = [_columns(output) for output in outputs]
    most = max(map(len, each), default=0)
    return tuple(
        columns[index] for index in range(most) for columns in each if index < len(columns)
    )


def values_of(
    columns: Sequence[AnswerColumn], outputs: Sequence[LabelledOutput], answers: Sequence[Any]
) -> list[list[Any]]:
    """For each of ``columns`` the value of each answer; None where there is no answer."""
    several = len(outputs) > 1
    return [
        [
            None if one is None else column.value(one)
            for one in (
                (None if answer is None else answer.get(column.output) for answer in answers)
                if several
                else answers
            )
        ]
        for column in columns
    ]


def _columns(output: LabelledOutput) -> list[AnswerColumn]:
    name, form = f"{PREDICTION}.{output.name}", output.form

    def column(suffix: str, value: Callable[[Any], Any], *, text: bool = False) -> AnswerColumn:
        return AnswerColumn(f"{name}{suffix}", output.name, text, value)

    if form.kind == "label":
        return [column("", class_text, text=True)]
    if form.kind == "labels":
        return [column("", _set_text, text=True), column(".count", len)]
    if form.kind in ("number", "score"):
        return [column("", float)]
    if form.kind in ("numbers", "array"):
        near = AnswerColumn(f"{name}.nearest", output.name, False, _numbers, "nearest")
        return [near, column(".norm", _norm), column(".mean", _mean)]
    if form.kind == "quantiles":
        levels = [number_name(level) for level in form.levels or ()]
        middle = levels[len(levels) // 2]
        ends = levels[0], levels[-1]
        if output.in_numbers:  # of several steps
            return [
                column("", lambda answer: _mean(answer[middle])),
                column(".width", lambda answer: _mean(answer[ends[1]]) - _mean(answer[ends[0]])),
            ]
        return [
            column("", lambda answer: answer[middle]),
            column(".width", lambda answer: _difference(answer[ends[1]], answer[ends[0]])),
        ]
    if form.kind == "text":
        return [column(".length", len)]
    return [column(".length", lambda answer: len(json.dumps(answer)))]


def _set_text(answer: Any) -> str:
    return ", ".join(sorted(map(class_text, answer)))[:MAX_SET_TEXT] or "none"


def _difference(high: Any, low: Any) -> float | None:
    return None if high is None or low is None else high - low


def _norm(answer: Any) -> float:
    numbers = _numbers(answer)
    return float(np.sqrt(np.square(numbers).sum()))


def _mean(answer: Any) -> float:
    numbers = _numbers(answer)
    return float(numbers.mean()) if numbers.size else math.nan


def _numbers(answer: Any) -> Any:
    """The numbers of an answer, NaN for null."""
    return np.array(answer, np.float64)
