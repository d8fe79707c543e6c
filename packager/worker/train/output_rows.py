"""The rows of an output that are scored: right answers, and what else its metrics need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitoring.scoring.measures import OutputForm, ScoredColumns
from monitoring.scoring.metric import Flags, Floats, floats
from monitoring.scoring.survival import kaplan_meier
from packager.data.array_column import array_column
from packager.errors import UsageError
from packager.manifest.outputs import Output
from packager.model.predictions import Predictions, scalars
from packager.text import counted

NUMERIC = ("number", "score", "quantiles")
"""Kinds whose right answer is a number."""
MAX_WIDTH = 1_024
"""Numbers of a row that a silhouette is computed from."""


def right_answers(rows: pd.DataFrame, output: Output) -> list[Any] | None:
    """The right answer of each row in the form of the output's answers; None without a target.

    Raise ``UsageError`` for a target that isn't of that form.
    """
    if not output.target:
        return None
    if len(output.target) > 1:
        cells = rows[list(output.target)].to_numpy()
        if output.kind == "labels":
            names = output.classes or output.target
            return [[n for n, held in zip(names, row, strict=True) if held] for row in cells]
        try:
            return [[float(value) for value in row] for row in cells]
        except (TypeError, ValueError) as error:
            raise _no_number(output) from error
    (name,) = output.target
    block = array_column(rows[name])
    if block is not None:
        return [None if cell is None else cell.tolist() for cell in block]
    if output.kind in NUMERIC and output.shape is None:
        _check_numbers(rows[name], output)
    if output.kind in ("label", "number"):
        return list(scalars(rows[name]))
    plain = [cell.item() if isinstance(cell, np.generic) else cell for cell in rows[name]]
    return [_parsed(cell, output) for cell in plain] if output.kind == "json" else plain


def _check_numbers(cells: pd.Series, output: Output) -> None:
    try:
        for cell in cells.dropna():
            float(cell)
    except (TypeError, ValueError) as error:
        raise _no_number(output) from error


def _no_number(output: Output) -> UsageError:
    return UsageError(
        f"output {output.name!r} ({output.kind}): expected numbers in "
        f"{', '.join(map(repr, output.target))}, got others",
        "correct the right answers, or leave them empty",
    )


def by_output(predictions: Predictions, outputs: Sequence[Output]) -> list[Predictions]:
    """The answers of each output, with its probabilities if the model gives them."""
    if len(outputs) == 1:
        return [predictions]
    return [
        Predictions([row[output.name] for row in predictions.labels], _chances(predictions, output))
        for output in outputs
    ]


def scored_rows(
    rows: pd.DataFrame, output: Output, predictions: Predictions, features: Sequence[str]
) -> ScoredColumns:
    """The answers ``predictions`` to ``rows``, right answers, and what metrics need beside them."""
    truth = right_answers(rows, output)
    clusters = output.kind == "label" and truth is None
    return ScoredColumns(
        predictions.labels,
        truth,
        predictions.probabilities,
        queries_of(rows, output),
        None if output.event is None else seen_events(rows, output.event).tolist(),
        numeric_features(rows[list(features)]) if clusters else None,
    )


def queries_of(rows: pd.DataFrame, output: Output) -> list[Any] | None:
    """The query of each row; None if rows are not ranked.

    Raise ``UsageError`` if the column is absent, or a row has no query.
    """
    if output.group is None:
        return None
    if output.group not in rows:
        raise UsageError(
            f"output {output.name!r}: expected the column {output.group!r} with the query of each "
            "row, which the data lack",
            "add the column: the rows of a query are ranked among themselves",
        )
    absent = int(rows[output.group].isna().sum())
    if absent:
        raise UsageError(
            f"output {output.name!r}: expected the query of each row in {output.group!r}, got none "
            f"in {counted(absent, 'row')}",
            "fill them in, or leave these rows out: without a query nothing can be ranked",
        )
    return rows[output.group].tolist()


def form_of(output: Output, training: pd.DataFrame) -> OutputForm:
    """The form of the output for its metrics."""
    censoring = None
    if output.times and output.event is not None:
        times = floats(right_answers(training, output) or [])
        censoring = kaplan_meier(times, ~seen_events(training, output.event))
    return OutputForm(
        output.kind,
        output.classes,
        output.levels,
        output.target if len(output.target) > 1 else (),
        output.k,
        output.top,
        output.spans,
        output.times or (),
        censoring,
    )


def numeric_features(frame: pd.DataFrame) -> Floats:
    """The numbers and arrays of numbers, without booleans: shape (rows, at most ``MAX_WIDTH``)."""
    parts: list[Floats] = []
    width = 0
    for name in frame.columns:
        column = frame[name]
        array = array_column(column)
        if array is not None:
            part = np.asarray(array.block, np.float64).reshape(len(frame), -1)
        elif pd.api.types.is_numeric_dtype(column.dtype) and column.dtype.kind in "iuf":
            part = column.to_numpy(np.float64, na_value=np.nan)[:, None]
        else:
            continue
        if width + part.shape[1] <= MAX_WIDTH:
            parts.append(part)
            width += part.shape[1]
    return np.concatenate(parts, axis=1) if parts else np.empty((len(frame), 0))


def _chances(predictions: Predictions, output: Output) -> Floats | None:
    """Shape (rows, classes); None if the model gives none."""
    if not predictions.more or not output.classes:
        return None
    named = [row.get("probabilities", {}).get(output.name) for row in predictions.more]
    if any(one is None for one in named):
        return None
    keys = [str(label) for label in output.classes]
    return np.array([[row[key] for key in keys] for row in named if row], np.float64)


def seen_events(rows: pd.DataFrame, name: str) -> Flags:
    """Whether the event was seen, shape (rows,); raise ``UsageError`` for other values."""
    values = scalars(rows[name])
    if any(value not in (0, 1) for value in values):
        raise UsageError(
            f"[outputs] event: expected booleans or 0 and 1 in {name!r}, got other values",
            "name the column that says whether the event was seen",
        )
    return np.array(values, np.bool_)


def _parsed(cell: Any, output: Output) -> Any:
    """The value of a cell with JSON; a cell that isn't text is a value already."""
    if not isinstance(cell, str):
        return cell.tolist() if isinstance(cell, np.ndarray) else cell
    try:
        return json.loads(cell)
    except ValueError as error:
        raise UsageError(
            f"output {output.name!r} (json): expected JSON in {output.target[0]!r}, got a text"
            " that isn't",
            'write quotes around texts, or declare kind = "text"',
        ) from error
