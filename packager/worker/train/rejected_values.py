"""Values that a model rejects, found by queries: null, unseen values, empty text, extremes.

Each kind is first put into all columns of real rows at once; if the model raises, the columns are
bisected down to the causes. A column is recorded if the model raises on every base row, or
ends or hangs on one. The number of queries is bounded by columns and rows, not by time, so that the
result is reproducible. A rejection that isn't recorded shows when a request contains the value.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from packager.data.rows.coerce import make_converter, nanoseconds_per_tick
from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.synthetic_values import filled
from packager.manifest.manifest import Column, RejectedValue, Schema
from packager.worker.processes.resilient_model import ResilientModel, Row, RowOutcome

MAX_CALLS = 2_000
MAX_CELLS = 250_000
"""Maximum rows times columns of all queries: 50 rows of 5,000 columns."""
UNSEEN = "never seen"
EMPTY: Mapping[str, Any] = {"string": "", "bytes": "", "list": []}
"""Kind → its empty value."""
FATAL: tuple[RowOutcome, ...] = ("ends", "hangs")

Values = Mapping[str, Any]
"""Column → the value to put into it."""
Test = Callable[[Sequence[str]], RowOutcome]


@dataclass
class CallBudget:
    """The remaining number of rows to query."""

    rows: int

    @classmethod
    def of(cls, columns: int) -> CallBudget:
        """The budget for a model of ``columns`` columns."""
        return cls(min(MAX_CALLS, MAX_CELLS // max(1, columns)))

    def take(self, rows: int) -> bool:
        """Subtract ``rows``; return whether they were within the budget."""
        self.rows -= rows
        return self.rows >= 0


def with_rejected_values(
    schema: Schema, asker: ResilientModel, bases: Sequence[Row], gaps: Values = MappingProxyType({})
) -> Schema:
    """``schema`` with the values that the model rejects per column; ``bases`` are rows it predicts.

    ``gaps``: column → an integer within the training range that training lacked.
    """
    if not bases:
        return schema
    budget = CallBudget.of(len(schema.features))
    rejected: dict[str, dict[RejectedValue, RowOutcome]] = {
        column.name: {} for column in schema.features
    }
    for kind, values in _questions(schema, gaps):
        test = _tester(asker, bases, values, budget)
        for name, outcome in attribute_failure(tuple(values), test, lambda: asker.may_end).items():
            if counts(schema, name, kind, outcome):
                known = rejected[name].get(kind)
                rejected[name][kind] = known if known in FATAL else outcome
    if budget.rows < 0:
        sys.stderr.write("not all columns were tested for values that the model rejects\n")
    features = (_recorded(column, rejected[column.name]) for column in schema.features)
    return schema.model_copy(update={"features": tuple(features)})


def attribute_failure(
    names: Sequence[str], test: Test, may_end: Callable[[], bool]
) -> dict[str, RowOutcome]:
    """Bisect ``names`` to the columns that cause a failing ``test``, each with its outcome.

    If no further process may end, all remaining columns get the outcome, without more queries.
    """
    outcome = test(names) if names else "answered"
    if outcome in ("answered", "not asked"):
        return {}
    if len(names) == 1 or (outcome in FATAL and not may_end()):
        return dict.fromkeys(names, outcome)
    middle = len(names) // 2
    return {
        **attribute_failure(names[:middle], test, may_end),
        **attribute_failure(names[middle:], test, may_end),
    }


def counts(schema: Schema, name: str, kind: RejectedValue, outcome: RowOutcome) -> bool:
    """Whether an outcome is a rejection; ``no answer`` is one for null and empty text only.

    For extreme numbers a model may compute a non-finite value, which is returned as null. And null
    is not rejected, whatever the prediction, if the training data had nulls.
    """
    if outcome != "no answer":
        return True
    column = next(column for column in schema.features if column.name == name)
    return kind == "empty" or (kind == "null" and not column.nullable)


def _tester(
    asker: ResilientModel, bases: Sequence[Row], values: Values, budget: CallBudget
) -> Test:
    def test(names: Sequence[str]) -> RowOutcome:
        worst: RowOutcome = "not asked"
        for base in bases:
            if not budget.take(1):
                return "not asked"
            outcome = asker.query([{**base, **{name: values[name] for name in names}}]).outcome
            if outcome in ("answered", *FATAL):
                return outcome
            worst = outcome
        return worst

    return test


def missing_values(schema: Schema, train: pd.DataFrame) -> dict[str, int]:
    """Integer column without categories → the smallest integer missing between training values."""
    missing = {}
    for column in schema.features:
        if column.kind == "integer" and column.categories is None:
            present = np.unique(train[column.name].dropna().to_numpy())
            steps = np.flatnonzero(np.diff(present) > 1)
            if len(steps):
                missing[column.name] = int(present[steps[0]]) + 1
    return missing


def _questions(schema: Schema, gaps: Values) -> Iterator[tuple[RejectedValue, Values]]:
    features = schema.features
    yield "null", dict.fromkeys((column.name for column in features), None)
    yield "unseen", {**_unseen_of(features), **gaps}
    yield "empty", {c.name: EMPTY[c.kind] for c in features if _may_be_empty(c)}
    for end in (0, 1):
        yield "extreme", {c.name: _ends(c)[end] for c in features if _ends(c)}


def _may_be_empty(column: Column) -> bool:
    return column.kind in EMPTY and "" not in (column.categories or ())


def _unseen_of(features: Sequence[Column]) -> dict[str, Any]:
    unseen = {column.name: _unseen(column) for column in features}
    return {name: value for name, value in unseen.items() if value is not None}


def _unseen(column: Column) -> Any:
    """A value that training lacked; None if the column has no such value."""
    known = frozenset(column.categories or ())
    match column.kind:
        case "string":
            text = UNSEEN
            while text in known:
                text += " again"
            return text
        case "number" | "integer" if known:
            return max(value for value in known if not isinstance(value, str)) + 1
    return None


def _ends(column: Column) -> tuple[Any, Any] | tuple[()]:
    """The minimum and maximum that a request may hold; empty for a column without."""
    if column.dtype.endswith("category"):
        return ()
    match column.kind:
        case "number":
            name = column.dtype.lower()
            limits = np.finfo(name if name.startswith("float") else "float64")
            ends: tuple[Any, Any] = (float(limits.min), float(limits.max))
        case "integer":
            name = column.dtype.lower()
            whole = np.iinfo(name if name.startswith(("int", "uint")) else "int64")
            ends = (int(whole.min), int(whole.max))
        case "array" if column.element != "bool":
            held: Any = np.finfo if np.dtype(column.element).kind == "f" else np.iinfo
            limits = held(column.element)
            ends = (filled(column, limits.min), filled(column, limits.max))
        case "datetime":
            zone = "+00:00" if "," in column.dtype else ""
            years = (1678, 2261) if nanoseconds_per_tick(column) == 1 else (2, 9998)
            ends = (f"{years[0]:04}-01-01T00:00:00{zone}", f"{years[1]:04}-12-31T00:00:00{zone}")
        case "date":
            ends = ("0002-01-01", "9998-12-31")
        case "time":
            ends = ("00:00:00", "23:59:59")
        case "decimal":
            ends = (f"-{'9' * 15}", "9" * 15)
        case _:
            return ()
    return ends if all(_takes(column, value) for value in ends) else ()


def _takes(column: Column, value: Any) -> bool:
    try:
        make_converter(column)(value)
    except ConversionError:
        return False
    return True


def _recorded(column: Column, rejected: Mapping[RejectedValue, RowOutcome]) -> Column:
    if not rejected:
        return column
    fatal = tuple(kind for kind, outcome in rejected.items() if outcome in FATAL)
    return column.model_copy(update={"refuses": tuple(rejected), "fatal": fatal})
