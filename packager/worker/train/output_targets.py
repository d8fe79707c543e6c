"""Checks that the targets of outputs are of the form that their kinds need, before a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from packager.data.array_column import array_column
from packager.errors import UsageError
from packager.manifest.outputs import Output
from packager.worker.train.output_rows import queries_of, right_answers, seen_events

NUMERIC = ("number", "score", "quantiles")


def check_targets(rows: pd.DataFrame, outputs: Sequence[Output]) -> None:
    """Raise ``UsageError`` if a target, or the event of survival, holds other values."""
    for output in outputs:
        for name in output.target:
            _check_column(rows, name, output)
        if output.event is not None:
            seen_events(rows, output.event)
        queries_of(rows, output)
        if output.kind == "json":
            right_answers(rows, output)


def _check_column(rows: pd.DataFrame, name: str, output: Output) -> None:
    column, several = rows[name], len(output.target) > 1
    if output.kind == "labels" and several:
        if not _is_numeric(column) or not np.isin(column.to_numpy(np.float64), (0, 1)).all():
            raise _wrong(output, name, "0 and 1, or booleans")
    elif _is_number(output, several=several):
        if not _is_numeric(column):
            raise _wrong(output, name, "numbers")
        least = float(column.min())
        if (output.group is not None or output.event is not None) and least < 0:
            what = "relevances" if output.group is not None else "times"
            raise _wrong(output, name, f"{what} of 0 or more", f"{least:g}")
    elif output.kind in ("labels", "numbers", "array", "quantiles"):
        lists = column.dtype == object and all(isinstance(c, (list, np.ndarray)) for c in column)
        if array_column(column) is None and not lists:
            raise _wrong(output, name, "a list or an array in each row")
    elif output.kind == "text" and _is_numeric(column):
        raise _wrong(output, name, "text")


def _is_number(output: Output, *, several: bool) -> bool:
    """Whether each of its target columns holds one number a row."""
    if output.kind == "quantiles":
        return several or output.shape is None
    return output.kind in NUMERIC or (output.kind == "numbers" and (several or bool(output.times)))


def _is_numeric(column: pd.Series[Any]) -> bool:
    return array_column(column) is None and pd.api.types.is_numeric_dtype(column.dtype)


def _wrong(output: Output, name: str, expected: str, got: str = "other values") -> UsageError:
    return UsageError(
        f"output {output.name!r} ({output.kind}): expected {expected} in {name!r}, got {got}",
        "name another column as its target, declare the column under [data.columns], or declare"
        " another kind",
    )
