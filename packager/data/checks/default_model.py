"""A model with fixed settings, used if the recipe's own model cannot be used out of fold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from packager.data.array_column import ArrayDtype
from packager.data.checks.cross_validation import FitPredict, FoldPredictions
from packager.data.checks.free_text import is_free_text
from packager.data.checks.issue import Floats, NotApplicableError
from packager.data.checks.table import CheckedTable, nanoseconds, numbers_of
from packager.manifest.base import Task

SEED = 7
MAX_COLUMNS = 500
"""Maximum number of features of the default model."""
MAX_NAMES = 0.5
"""Text with a larger share of distinct values identifies rows: its codes have no information."""


def check_readable(table: CheckedTable) -> None:
    """Raise ``NotApplicableError`` if the default model can't use the table's features."""
    free = [name for name in table.features if name in table.texts and is_free_text(table, name)]
    if free:
        raise NotApplicableError(f"the default model cannot read free text (column {free[0]!r})")
    if len(table.features) > MAX_COLUMNS:
        raise NotApplicableError(
            f"the default model uses {MAX_COLUMNS} features at most, got {len(table.features):,}"
        )


def default_model(task: Task | None) -> FitPredict:
    """Gradient-boosted trees; they raise ``NotApplicableError`` if no feature varies."""

    def fit_predict(
        features: pd.DataFrame, target: pd.Series[Any], rows: pd.DataFrame
    ) -> FoldPredictions:
        from sklearn import ensemble
        from threadpoolctl import threadpool_limits

        train, test = _numbers(features, rows)
        with threadpool_limits(1):  # more threads would change the order of additions
            if task == "regression":
                regressor = ensemble.HistGradientBoostingRegressor(random_state=SEED)
                return None, np.asarray(regressor.fit(train, target).predict(test))
            model = ensemble.HistGradientBoostingClassifier(random_state=SEED).fit(train, target)
            return tuple(model.classes_.tolist()), np.asarray(model.predict_proba(test))

    return fit_predict


def _numbers(features: pd.DataFrame, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Both as numbers, null and infinity as NaN, without columns that are constant in the first."""
    both = pd.concat([features[list(rows.columns)], rows], ignore_index=True)
    columns = list(_varying(both, len(features)))
    if not columns:
        raise NotApplicableError(
            "no feature has two values that the default model could distinguish"
        )
    numbers = np.column_stack(columns)
    return numbers[: len(features)], numbers[len(features) :]


def _varying(both: pd.DataFrame, trained: int) -> Iterator[Floats]:
    for name in both.columns:
        numbers = _as_numbers(both[name])
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        known = numbers[:trained][~np.isnan(numbers[:trained])]
        if len(known) and known.min() < known.max():
            yield numbers


def _as_numbers(series: pd.Series[Any]) -> Floats:
    """A column as numbers, nulls and uninformative text as NaN: shape (rows,)."""
    if pd.api.types.is_numeric_dtype(series.dtype):
        return numbers_of(series)
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return nanoseconds(series)
    if isinstance(series.dtype, ArrayDtype):
        return np.full(len(series), np.nan)
    places, values = pd.factorize(series.astype(object))
    if len(values) > MAX_NAMES * len(series):
        return np.full(len(series), np.nan)
    codes = places.astype(np.float64)
    return np.asarray(np.where(codes < 0, np.nan, codes))
