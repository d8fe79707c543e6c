"""A model with fixed settings, used if the recipe's own model cannot be used out of fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitoring.derived.files import BytesCells
from monitoring.derived.lists import ListCells
from monitoring.derived.measures import cells_of
from monitoring.derived.texts import TextCells
from packager.data.array_column import array_column
from packager.data.checks.cross_validation import FitPredict, FoldPredictions
from packager.data.checks.issue import Floats, NotApplicableError
from packager.data.checks.similarity import thumbnails
from packager.data.checks.table import CheckedTable, nanoseconds, numbers_of
from packager.manifest.base import Task

SEED = 7
BYTES_MEASURES = ("bytes", "width", "height", "brightness", "contrast")
MAX_COLUMNS = 500
"""Maximum number of features of the default model."""
MAX_NAMES = 0.5
"""Text with a larger share of distinct values has no codes; its words are counted."""
WORDS = 64
"""Groups in which words, or members of lists, are counted: by a hash of each."""


def check_readable(table: CheckedTable) -> None:
    """Raise ``NotApplicableError`` if the default model can't use the table's features."""
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
        for numbers in _as_numbers(both[name]):
            finite = np.where(np.isfinite(numbers), numbers, np.nan)
            known = finite[:trained][~np.isnan(finite[:trained])]
            if len(known) and known.min() < known.max():
                yield finite


def _as_numbers(series: pd.Series[Any]) -> Sequence[Floats]:
    """A column as columns of numbers, nulls as NaN: each of shape (rows,).

    Arrays are reduced to at most 64 means; text that hardly repeats and lists to counts of words
    and members; bytes to their size and, of PNG, their light.
    """
    if pd.api.types.is_numeric_dtype(series.dtype):
        return [numbers_of(series)]
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return [nanoseconds(series)]
    arrays = array_column(series)
    if arrays is not None:
        return list(np.where(arrays.isna()[:, None], np.nan, thumbnails(arrays.block)).T)
    cells = cells_of(series)
    if isinstance(cells, BytesCells):
        return [np.asarray(cells.measured(measure), np.float64) for measure in BYTES_MEASURES]
    if isinstance(cells, ListCells):
        return _word_counts(cells.hashes)
    indices, values = pd.factorize(series.astype(object))
    if len(values) > MAX_NAMES * len(series):
        return _word_counts(cells.hashes) if isinstance(cells, TextCells) else []
    codes = indices.astype(np.float64)
    return [np.where(codes < 0, np.nan, codes)]


def _word_counts(hashes: Sequence[Sequence[int] | None]) -> Sequence[Floats]:
    """The number of words in each of ``WORDS`` groups, for each row; NaN for null."""
    counts = np.zeros((len(hashes), WORDS))
    for at, row in enumerate(hashes):
        if row is None:
            counts[at] = np.nan
        elif len(row):
            counts[at] = np.bincount(np.array(row) % WORDS, minlength=WORDS)
    return list(counts.T)
