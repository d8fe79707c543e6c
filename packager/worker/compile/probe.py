"""Probe a model: each value of each categorical column, nulls, extreme numbers.

The results fill the tables of a form; values on which the model raises are outside its domain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

from modelhost.compiling.probe import Probe, ProbeInput
from modelhost.compiling.provenance import (
    CannotCompileError,
    LookupFeature,
    NumericFeature,
    first_cell,
)
from modelhost.compiling.transformers import MAX_KEYS, Keys
from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.base import MAX_EXACT_INTEGER, Scalar
from packager.manifest.manifest import Column, Schema
from packager.model.hosted import HostEndedError
from packager.model.model import Model
from packager.model.predictions import Predictions
from packager.worker.compile.held_out import Row, accepted_rows

NUMBER_BOUNDS = (1e30, 1e15, 1e9, 1e6)
INTEGER_BOUNDS = (MAX_EXACT_INTEGER - 1, 10**9, 10**6)
"""Bounds to try for a column, the widest first."""
BASE_ROWS = 2
"""Number of base rows for every probe; a table has to be the same on each."""
MAX_SAMPLED_ROWS = 200


@dataclass(frozen=True)
class ProbedRows:
    """The probes that the model predicted, and their rows as columns of checked values."""

    probe: Probe
    columns: Sequence[Sequence[Any]]
    rows: int


def native(model: Model, schema: Schema, frame: pd.DataFrame) -> Predictions:
    """The model's predictions of a checked frame, called as in the server."""
    return model.predict(frame[[column.name for column in schema.features]])


def query_probes(model: Model, schema: Schema, rows: Sequence[Row], keys: Keys) -> ProbedRows:
    """Predict every probe on base rows from ``rows``; record on which ones the model raises.

    Raise ``CannotCompileError`` if the model predicts none of ``rows``, ``HostEndedError`` if it
    ends its process.
    """
    checker = RowChecker(schema)
    bases = _bases(model, schema, checker, rows)
    questions = [
        q for index in range(len(schema.features)) for q in _questions(schema, index, keys)
    ]
    queried: list[tuple[ProbeInput, Row]] = []
    raised = set()
    for question in questions:
        name = schema.features[question.column].name
        probe_rows = [{**base, name: question.value} for base in bases]
        if len(accepted_rows(schema, probe_rows)) == len(probe_rows):
            queried += [(question, row) for row in probe_rows]
        else:
            raised.add(question)
    good = set(_answered(model, schema, checker, [row for _, row in queried]))
    raised |= {question for at, (question, _) in enumerate(queried) if at not in good}
    answered = [(question, row) for question, row in queried if question not in raised]
    indices: dict[ProbeInput, tuple[int, ...]] = {}
    for at, (question, _) in enumerate(answered):
        indices[question] = (*indices.get(question, ()), at)
    try:
        checked = checker.check([row for _, row in answered])
    except RowError as error:
        raise CannotCompileError(f"column {error.column!r}: expected {error.expected}") from error
    probe = Probe(schema.features, None, indices, frozenset(raised))
    return ProbedRows(probe, checked.columns[: len(schema.features)], checked.rows)


def _bases(model: Model, schema: Schema, checker: RowChecker, rows: Sequence[Row]) -> list[Row]:
    """Rows that the model predicts, preferably with integers exact in float64 and few nulls."""
    bases: list[Row] = []
    for row in sorted(rows[:MAX_SAMPLED_ROWS], key=_unusualness):
        if list(_answered(model, schema, checker, [row])):
            bases.append(row)
        if len(bases) == BASE_ROWS:
            break
    if not bases:
        raise CannotCompileError("no held-out row is answered by the model as a request would be")
    return bases


def _unusualness(row: Row) -> tuple[bool, int]:
    wild = any(isinstance(value, int) and abs(value) >= MAX_EXACT_INTEGER for value in row.values())
    return wild, sum(value is None for value in row.values())


def _answered(
    model: Model, schema: Schema, checker: RowChecker, rows: Sequence[Row]
) -> Iterator[int]:
    """Indices of the rows that the model predicts, found by bisection where it raises.

    Each part is a frame of its own, because a null may change the dtype of a whole column.
    """
    if not rows:
        return
    try:
        answers = native(model, schema, checker.check(rows).frame)
    except HostEndedError:
        raise
    except Exception:
        # Any exception means that the model rejects a value.
        if len(rows) > 1:
            middle = len(rows) // 2
            yield from _answered(model, schema, checker, rows[:middle])
            second = _answered(model, schema, checker, rows[middle:])
            yield from (middle + at for at in second)
        return
    yield from (at for at, label in enumerate(answers.labels) if label is not None)


def _questions(schema: Schema, index: int, keys: Keys) -> Iterator[ProbeInput]:
    column = schema.features[index]
    cell = first_cell(index, column)
    yield ProbeInput(index, "null", None)
    if isinstance(cell, NumericFeature):
        yield from _far(index, column)
    known = set(keys.get(index, ()))
    if isinstance(cell, LookupFeature):
        known |= set(column.categories or ())
        known |= {False, True} if column.kind == "boolean" else set()
    if not known and not isinstance(cell, LookupFeature):
        return
    if len(known) > MAX_KEYS:
        raise CannotCompileError(f"column {column.name!r} has more than {MAX_KEYS:,} categories")
    for key in sorted(known, key=lambda value: (str(type(value)), value)):
        yield ProbeInput(index, "key", key)
    if column.kind != "boolean":
        yield ProbeInput(index, "unknown", _unknown(column, known))


def _far(index: int, column: Column) -> Iterator[ProbeInput]:
    if column.kind == "integer":
        limits = np.iinfo(column.dtype)
        whole = [b for b in INTEGER_BOUNDS if b <= int(limits.max)] or [int(limits.max)]
        lows = [max(-bound, int(limits.min)) for bound in whole]
        highs: list[float] = [*whole]
        sides: list[float] = [*lows]
    else:
        highs, sides = [*NUMBER_BOUNDS], [-bound for bound in NUMBER_BOUNDS]
    for value in (column.minimum, column.maximum):
        if value is not None and math.isfinite(value) and abs(value) < highs[0]:
            highs.append(int(value) if column.kind == "integer" else value)
            sides.append(int(value) if column.kind == "integer" else value)
    for kind, values in (("low", sides), ("high", highs)):
        for value in dict.fromkeys(values):
            yield ProbeInput(index, kind, value)


def _unknown(column: Column, known: set[Scalar]) -> Scalar:
    """A value that is not in ``known``."""
    if column.kind == "integer":
        return next(number for number in count() if number not in known)
    if column.kind == "number":
        return next(number + 0.5 for number in count() if number + 0.5 not in known)
    text = "a value never seen"
    while text in known:
        text += "!"
    return text
