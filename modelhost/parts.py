"""The transformers and estimators within a fitted model, called with arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from modelhost.predictions import Predictions, checked_labels, checked_probabilities

UNCHECKED = ("assume_finite", "skip_parameter_validation")
"""Options of scikit-learn that skip checks of input and parameters; older versions lack some."""


class Part(Protocol):
    """A part of a fitted model, in this process or in another."""

    def transform(self, matrix: Any, *, sparse: bool) -> Any:
        """The outputs as float64, shape (rows, outputs)."""

    def answers(self, matrix: Any, task: Any, classes: int | None, *, sparse: bool) -> Predictions:
        """The predictions for the rows of ``matrix``, with ``classes`` probabilities each."""


class FittedPart:
    """A part in this process: it checks no names of columns, and no input a second time."""

    def __init__(self, native: Any, path: Sequence[str | int]) -> None:
        """The part of ``native`` at ``path``."""
        import sklearn

        self._own = without_feature_names(resolve(native, path))
        known = sklearn.get_config()
        self._options = {name: True for name in UNCHECKED if name in known}

    def transform(self, matrix: Any, *, sparse: bool) -> Any:
        """The outputs for ``matrix``, shape (rows, inputs); as a CSR matrix if ``sparse``."""
        import sklearn

        with sklearn.config_context(**self._options):
            made = self._own.transform(_contained(matrix, sparse))
        return made.toarray() if hasattr(made, "toarray") else np.asarray(made, np.float64)

    def answers(self, matrix: Any, task: Any, classes: int | None, *, sparse: bool) -> Predictions:
        """Labels, and probabilities of shape (rows, ``classes``) unless that is None.

        Raises ``PackageError`` for an invalid result; exceptions of the part pass through.
        """
        import sklearn

        rows = len(matrix)
        given = _contained(matrix, sparse)
        with sklearn.config_context(**self._options):
            labels = checked_labels(self._own.predict(given), rows, task)
            if classes is None:
                return Predictions(labels, None)
            chances = self._own.predict_proba(given)
        return Predictions(labels, checked_probabilities(chances, rows, classes))


def _contained(matrix: Any, sparse: bool) -> Any:
    """The array, or the CSR matrix that the part needs."""
    if not sparse:
        return matrix
    from scipy.sparse import csr_matrix

    return csr_matrix(matrix)


def resolve(native: Any, path: Sequence[str | int]) -> Any:
    """The part of a model at ``path``: attributes by name, members by index."""
    for part in path:
        native = getattr(native, part) if isinstance(part, str) else native[part]
    return native


def without_feature_names(part: Any) -> Any:
    """A shallow copy of an estimator that neither checks column names nor returns frames.

    Nested estimators are copied in the same way; their arrays are shared.
    """
    from sklearn.base import BaseEstimator

    if isinstance(part, (list, tuple)):
        members = [without_feature_names(member) for member in part]
        return members if isinstance(part, list) else _tuple_like(part, members)
    if isinstance(part, np.ndarray) and part.dtype == object:
        return _array_like(part)
    if not isinstance(part, BaseEstimator):
        return part
    kind: Any = type(part)
    made = kind.__new__(kind)
    forgotten = ("feature_names_in_", "_sklearn_output_config")
    vars(made).update(
        {k: without_feature_names(v) for k, v in vars(part).items() if k not in forgotten}
    )
    return made


def _tuple_like(part: tuple[Any, ...], members: Sequence[Any]) -> tuple[Any, ...]:
    fields = hasattr(part, "_fields")
    made: tuple[Any, ...] = type(part)(*members) if fields else tuple(members)
    return made


def _array_like(part: Any) -> Any:
    made = np.empty(part.shape, object)
    for place, member in np.ndenumerate(part):
        made[place] = without_feature_names(member)
    return made
