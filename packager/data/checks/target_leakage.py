"""Detector ``target_leakage``: a single feature that determines the target."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

from packager.data.checks.issue import DataIssue, Floats, Ints, NotApplicableError
from packager.data.checks.table import CheckedTable, nanoseconds, numbers_of

MIN_SCORE = 0.99
MAX_ROWS = 20_000
MAX_FEATURES = 200
"""Maximum number of features for which a tree is trained."""
FOLDS = 3
MIN_ROWS = 50
SEED = 7


def target_leakage(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.7: a feature whose own tree has a cross-validated score above 0.99.

    The score is balanced accuracy for classes, so that a rare class counts, and R² for numbers.
    More than 20,000 rows are sampled; of more than 200 features those are tested in whose order
    neighbouring rows best predict the target. Raises ``NotApplicableError`` if there are too few
    labelled rows.
    """
    if table.target is None:
        return
    present = table.frame[table.target].notna().to_numpy()
    rows = table.sample(MAX_ROWS, present)
    classes = table.task != "regression"
    target = table.frame[table.target].iloc[rows]
    y = pd.factorize(target.astype(object))[0] if classes else target.to_numpy(dtype=np.float64)
    if classes and np.bincount(y, minlength=1).min() < FOLDS:
        y, rows = _without_rare(y, rows)
    if len(rows) < MIN_ROWS:
        raise NotApplicableError.too_few(len(rows), MIN_ROWS)
    if len(np.unique(y)) < 2:
        raise NotApplicableError(f"{table.target} has one value")
    for name in _informative(table, rows, y, classes=classes):
        score = _score(_codes(table, name, rows), y, classes=classes)
        if score > MIN_SCORE:
            yield DataIssue(
                name,
                "a feature available before the target",
                "leave it out (exclude) if it follows from the target"
                if len(table.features) > 1
                else "find out whether it follows from the target",
                0.7,
                observed=f"alone it predicts {table.target} with "
                f"{'balanced accuracy' if classes else 'R²'} {score:.4f}",
            )


def _informative(table: CheckedTable, rows: Ints, y: np.ndarray, *, classes: bool) -> list[str]:
    """The features for which a tree is trained: at most 200, in the order of the table."""
    names = [
        name
        for name in table.features
        # Otherwise its codes would identify rows, not values.
        if name not in table.arrays
        and (name not in table.texts or len(table.texts[name].values) <= len(table) / 2)
    ]
    if len(names) <= MAX_FEATURES:
        return names
    neighbours = [
        _neighbours(_codes(table, name, rows)[:, 0], y, classes=classes) for name in names
    ]
    best = np.argsort(-np.array(neighbours), kind="stable")[:MAX_FEATURES]
    return [names[index] for index in sorted(best.tolist())]


def _neighbours(values: Floats, y: np.ndarray, *, classes: bool) -> float:
    """Accuracy of a row's target predicted by its neighbours in the order of ``values``."""
    ordered = y[np.argsort(values, kind="stable")]
    if not classes:
        steps = np.abs(np.diff(ordered))
        return -float(np.mean(steps))
    same = ordered[1:] == ordered[:-1]
    known = np.append(same, False) | np.append(False, same)
    counts = np.bincount(ordered)
    shares = np.bincount(ordered, weights=known)[counts > 0] / counts[counts > 0]
    # With two balanced classes, 3 of 4 rows have such a neighbour by chance: runs count too.
    return float(shares.mean() + same.mean())


def _without_rare(y: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop the classes that have fewer rows than there are folds."""
    common = np.isin(y, np.flatnonzero(np.bincount(y) >= FOLDS))
    return y[common], rows[common]


def _codes(table: CheckedTable, name: str, rows: np.ndarray) -> Floats:
    """A feature as one column of numbers: shape (rows, 1)."""
    if name in table.numbers:
        return table.numbers[name][rows, None]
    if name in table.texts:
        return np.asarray(table.texts[name].codes[rows, None], dtype=np.float64)
    column = table.frame[name].iloc[rows]
    if pd.api.types.is_bool_dtype(column.dtype):
        return numbers_of(column)[:, None]
    return nanoseconds(column)[:, None]


def _score(values: Floats, y: np.ndarray, *, classes: bool) -> float:
    """The mean over the folds, or 0 as soon as it can't exceed ``MIN_SCORE``."""
    from sklearn.metrics import balanced_accuracy_score, r2_score
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    # Leaves of several rows, so that a column with unique values predicts nothing.
    tree = DecisionTreeClassifier if classes else DecisionTreeRegressor
    folds = StratifiedKFold if classes else KFold
    judge = balanced_accuracy_score if classes else r2_score
    # Ranks instead of values: a tree uses only the order, and stores float32.
    indices = np.unique(values[:, 0], return_inverse=True)[1][:, None]
    lost = 0.0
    for train, test in folds(FOLDS, shuffle=True, random_state=SEED).split(indices, y):
        model = tree(min_samples_leaf=3, random_state=SEED).fit(indices[train], y[train])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            lost += 1 - float(judge(y[test], model.predict(indices[test])))
        if lost / FOLDS >= 1 - MIN_SCORE:
            return 0.0
    return 1 - lost / FOLDS
