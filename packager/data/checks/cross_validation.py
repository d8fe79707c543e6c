"""Out-of-fold predictions: three folds, for any model.

Folds follow the split of the package: groups stay together, and with a split by time a model
predicts only rows later than those it was trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks.issue import Floats, Ints, NotApplicableError
from packager.data.checks.table import CheckedTable
from packager.data.split import time_order

FOLDS = 3
SEED = 7
MAX_ROWS = 20_000
MIN_ROWS = 60

FoldPredictions = tuple[tuple[Any, ...] | None, Floats]
"""Class labels and probabilities (rows, classes); or None and predicted numbers (rows,)."""
FitPredict = Callable[[pd.DataFrame, "pd.Series[Any]", pd.DataFrame], FoldPredictions]
"""(features and training-only columns, target, rows to predict) → predictions for those rows."""


@dataclass(frozen=True)
class OutOfFoldPredictions:
    """Predictions for ``rows`` by models that were not trained on them."""

    rows: Ints
    """Positions in the table."""
    classes: tuple[Any, ...] | None
    """None for regression."""
    target_values: Floats
    """The target: codes of ``classes``, or numbers. Shape (rows,)."""
    predictions: Floats
    """Probabilities (rows, classes), or numbers (rows,)."""


@dataclass(frozen=True)
class Folds:
    """The rows that a model is trained on and predicts, in three rounds."""

    rows: Ints
    """Positions in the table."""
    classes: tuple[Any, ...] | None
    target_values: Floats
    columns: pd.DataFrame
    """Training input: the features, and training-only columns."""
    features: tuple[str, ...]
    """The columns passed for prediction."""
    target: pd.Series[Any]
    splits: tuple[tuple[Ints, Ints], ...]
    """Positions in ``rows``: those trained on, those predicted."""

    def predict_all(self, fit_predict: FitPredict) -> OutOfFoldPredictions:
        """Run ``fit_predict`` on each fold; rows that no model could predict are left out.

        Exceptions of ``fit_predict`` pass through.
        """
        shape = (len(self.rows),) if self.classes is None else (len(self.rows), len(self.classes))
        answers = np.full(shape, np.nan)
        for train, test in self.splits:
            named, predictions = fit_predict(
                self.columns.iloc[train].reset_index(drop=True),
                self.target.iloc[train].reset_index(drop=True),
                self.columns[list(self.features)].iloc[test].reset_index(drop=True),
            )
            if self.classes is None:
                answers[test] = predictions
            else:
                answers[test] = _aligned(named, predictions, self.classes, self.target_values[test])
        known = np.isfinite(answers if self.classes is None else answers.sum(axis=1))
        return OutOfFoldPredictions(
            self.rows[known], self.classes, self.target_values[known], answers[known]
        )


def plan_folds(table: CheckedTable) -> Folds:
    """Three folds of at most 20,000 rows; ``NotApplicableError`` if there are too few.

    Classes with fewer than three rows are left out.
    """
    assert table.target is not None
    rows = table.sample(MAX_ROWS, table.frame[table.target].notna().to_numpy())
    target = table.frame[table.target].iloc[rows]
    classes: tuple[Any, ...] | None = None
    if table.task != "regression":
        counts = target.value_counts()
        rows = rows[target.isin(counts.index[counts >= FOLDS]).to_numpy()]
        target = table.frame[table.target].iloc[rows]
        classes = tuple(sorted(set(target.tolist())))
    if len(rows) < MIN_ROWS:
        raise NotApplicableError.too_few(len(rows), MIN_ROWS)
    if classes is not None and len(classes) < 2:
        raise NotApplicableError(f"fewer than two classes have {FOLDS} rows")
    codes = _codes(target.tolist(), classes)
    columns = [*table.features, *table.train_only]
    return Folds(
        rows,
        classes,
        codes,
        table.frame[columns].iloc[rows].reset_index(drop=True),
        table.features,
        target.reset_index(drop=True),
        tuple(_splits(table, rows, codes, classes is not None)),
    )


def out_of_fold(table: CheckedTable, fit_predict: FitPredict) -> OutOfFoldPredictions:
    """Out-of-fold predictions of ``fit_predict`` for ``table``."""
    return plan_folds(table).predict_all(fit_predict)


def _splits(table: CheckedTable, rows: Ints, targets: Floats, classes: bool) -> Any:
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    if table.split.time is not None:
        return _forward(time_order(table.frame[table.split.time].iloc[rows]))
    if table.split.by:
        groups = table.frame[list(table.split.by)].iloc[rows]
        keys = pd.util.hash_pandas_object(groups, index=False)
        if keys.nunique() >= FOLDS:
            return GroupKFold(FOLDS).split(rows, targets, keys)
    folds = StratifiedKFold if classes else KFold
    return folds(FOLDS, shuffle=True, random_state=SEED).split(rows, targets)


def _forward(order: Floats) -> list[tuple[Ints, Ints]]:
    """Folds in time: each of four parts but the first is predicted from all earlier parts.

    ``order``: a number per row that increases with its time. Rows of equal time stay together.
    """
    _, ranks = np.unique(order, return_inverse=True)
    cuts = np.quantile(ranks, np.arange(1, FOLDS + 1) / (FOLDS + 1), method="higher")
    part = np.searchsorted(cuts, ranks, side="right")
    folds = [(np.flatnonzero(part < n), np.flatnonzero(part == n)) for n in range(1, FOLDS + 1)]
    splits = [(train, test) for train, test in folds if len(train) and len(test)]
    if not splits:
        raise NotApplicableError(
            "the rows have too few different times to train on the earlier ones"
        )
    return splits


def _codes(target: list[Any], classes: tuple[Any, ...] | None) -> Floats:
    if classes is None:
        return np.array(target, dtype=np.float64)
    code = {label: float(index) for index, label in enumerate(classes)}
    return np.array([code[label] for label in target])


def _aligned(
    named: tuple[Any, ...] | None, probabilities: Floats, classes: tuple[Any, ...], codes: Floats
) -> Floats:
    """Probabilities with a column for each of ``classes``: 0 for a class that the fold lacked.

    A row whose own class was absent from training gets NaN, because its prediction means nothing.
    """
    index = {label: code for code, label in enumerate(classes)}
    aligned = np.zeros((len(probabilities), len(classes)))
    known = np.zeros(len(classes), dtype=np.bool_)
    for column, label in enumerate(named or ()):
        if label in index:
            aligned[:, index[label]] = probabilities[:, column]
            known[index[label]] = True
    aligned[~known[codes.astype(np.intp)]] = np.nan
    return aligned
