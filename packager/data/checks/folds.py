"""Predictions of every row by models that never saw it: three folds, by whatever model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks.suspects import Floats, Ints
from packager.data.checks.table import Table, nanoseconds, numbers_of
from packager.noun import Task

FOLDS = 3
SEED = 7
SAMPLE = 20_000
LEAST_ROWS = 60

Answers = tuple[tuple[Any, ...] | None, Floats]
"""Class labels and probabilities (rows, classes); or None and predicted numbers (rows,)."""
FitPredict = Callable[[pd.DataFrame, "pd.Series[Any]", pd.DataFrame], Answers]
"""(features and columns only for training, target, rows to predict) → answers for those rows."""


@dataclass(frozen=True)
class OutOfFold:
    """What models said of ``rows`` that they were not trained on."""

    rows: Ints
    """Positions in the table."""
    classes: tuple[Any, ...] | None
    """None for regression."""
    given: Floats
    """The target: codes of ``classes``, or numbers. Shape (rows,)."""
    answers: Floats
    """Probabilities (rows, classes), or numbers (rows,)."""


def out_of_fold(table: Table, fit_predict: FitPredict) -> OutOfFold | None:
    """Three-fold cross-validation with ``fit_predict``; None where there are too few rows.

    Of more than 20,000 rows a sample is taken. Classes with fewer than three rows are left out.
    Where the split keeps groups together, so do the folds.
    """
    assert table.target is not None
    rows = table.sample(SAMPLE, table.frame[table.target].notna().to_numpy())
    target = table.frame[table.target].iloc[rows]
    classes: tuple[Any, ...] | None = None
    if table.task != "regression":
        counts = target.value_counts()
        rows = rows[target.isin(counts.index[counts >= FOLDS]).to_numpy()]
        target = table.frame[table.target].iloc[rows]
        classes = tuple(sorted(set(target.tolist())))
    if len(rows) < LEAST_ROWS or (classes is not None and len(classes) < 2):
        return None
    given = _codes(target.tolist(), classes)
    columns = [*table.features, *table.train_only]
    features = table.frame[columns].iloc[rows].reset_index(drop=True)
    target = target.reset_index(drop=True)
    shape = (len(rows),) if classes is None else (len(rows), len(classes))
    answers = np.zeros(shape)
    for train, test in _splits(table, rows, given, classes is not None):
        named, found = fit_predict(
            features.iloc[train].reset_index(drop=True),
            target.iloc[train].reset_index(drop=True),
            features[list(table.features)].iloc[test].reset_index(drop=True),
        )
        answers[test] = found if classes is None else _aligned(named, found, classes)
    return OutOfFold(rows, classes, given, answers)


def stand_in(task: Task | None) -> FitPredict:
    """Gradient-boosted trees with fixed settings, for where the recipe's own model can't serve."""

    def fit_predict(features: pd.DataFrame, target: pd.Series[Any], rows: pd.DataFrame) -> Answers:
        from sklearn import ensemble
        from threadpoolctl import threadpool_limits

        both = pd.concat([features[list(rows.columns)], rows], ignore_index=True)
        numbers = np.column_stack([_as_numbers(both[name]) for name in both.columns])
        train, test = numbers[: len(features)], numbers[len(features) :]
        with threadpool_limits(1):  # more threads would add in another order
            if task == "regression":
                regressor = ensemble.HistGradientBoostingRegressor(random_state=SEED)
                return None, np.asarray(regressor.fit(train, target).predict(test))
            model = ensemble.HistGradientBoostingClassifier(random_state=SEED).fit(train, target)
            return tuple(model.classes_.tolist()), np.asarray(model.predict_proba(test))

    return fit_predict


def _splits(table: Table, rows: Ints, given: Floats, classes: bool) -> Any:
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    if table.split.by:
        groups = table.frame[list(table.split.by)].iloc[rows]
        keys = pd.util.hash_pandas_object(groups, index=False)
        if keys.nunique() >= FOLDS:
            return GroupKFold(FOLDS).split(rows, given, keys)
    folds = StratifiedKFold if classes else KFold
    return folds(FOLDS, shuffle=True, random_state=SEED).split(rows, given)


def _codes(target: list[Any], classes: tuple[Any, ...] | None) -> Floats:
    if classes is None:
        return np.array(target, dtype=np.float64)
    code = {label: float(place) for place, label in enumerate(classes)}
    return np.array([code[label] for label in target])


def _aligned(named: tuple[Any, ...] | None, found: Floats, classes: tuple[Any, ...]) -> Floats:
    """Probabilities with a column for each of ``classes``; one a fold lacked is impossible."""
    place = {label: code for code, label in enumerate(classes)}
    aligned = np.zeros((len(found), len(classes)))
    for column, label in enumerate(named or ()):
        if label in place:
            aligned[:, place[label]] = found[:, column]
    return aligned


def _as_numbers(series: pd.Series[Any]) -> Floats:
    if pd.api.types.is_numeric_dtype(series.dtype):
        return numbers_of(series)
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return nanoseconds(series)
    codes = pd.factorize(series.astype(object))[0].astype(np.float64)
    return np.asarray(np.where(codes < 0, np.nan, codes))
