"""Calls parts of a fitted model, for a compiled form that leaves them to the model's own code."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from modelhost.model import LoadedModel
from modelhost.outputs import predict_outputs
from modelhost.prediction_messages import PartCall, encode_matrix, encode_predictions
from modelhost.predictions import Predictions, checked_labels, checked_probabilities
from modelhost.wire import Message


class FittedParts:
    """The parts of a model in this process.

    A part is named by its path: attributes (text) and positions (numbers) from the model. It is
    called with a float64 matrix of shape (rows, width), or with ``sparse`` the same as CSR, and
    with scikit-learn's repeated validation off.
    """

    def __init__(self, model: LoadedModel) -> None:
        self._model = model
        self._parts: dict[tuple[Any, ...], Any] = {}

    def transform(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Any:
        """The output of a transformer as a dense array of shape (rows, outputs)."""
        part = self._part(path)
        with _without_validation():
            transformed = part.transform(_contained(matrix, sparse))
        return (
            transformed.toarray()
            if hasattr(transformed, "toarray")
            else np.asarray(transformed, np.float64)
        )

    def predict(self, path: Sequence[Any], matrix: Any, *, sparse: bool = False) -> Predictions:
        """The answers of an estimator; with probabilities if the model has any.

        Raises ``PackageError`` if it returns anything but one answer per row.
        """
        model, part, rows = self._model, self._part(path), len(matrix)
        container = _contained(matrix, sparse)
        with _without_validation():
            if model.outputs:
                return predict_outputs(part, container, model.outputs)
            labels = checked_labels(part.predict(container), rows, model.task)
            if not model.has_probabilities:
                return Predictions(labels, None)
            chances = part.predict_proba(container)
        return Predictions(labels, checked_probabilities(chances, rows, len(model.classes or ())))

    def answer(self, call: PartCall) -> Message:
        """The outputs or the answers that ``call`` asks for, as a message."""
        if call.method == "transform":
            transformed = self.transform(call.path, call.matrix, sparse=call.sparse)
            return Message(*encode_matrix(transformed))
        predictions = self.predict(call.path, call.matrix, sparse=call.sparse)
        return Message(*encode_predictions(predictions))

    def _part(self, path: Sequence[Any]) -> Any:
        key = tuple(path)
        if key not in self._parts:
            self._parts[key] = without_feature_names(resolve(self._model.native, key))
        return self._parts[key]


def resolve(native: Any, path: Sequence[Any]) -> Any:
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
    copied = kind.__new__(kind)
    forgotten = ("feature_names_in_", "_sklearn_output_config")
    vars(copied).update(
        {k: without_feature_names(v) for k, v in vars(part).items() if k not in forgotten}
    )
    return copied


def _without_validation() -> AbstractContextManager[Any]:
    import sklearn

    known = sklearn.get_config()
    settings = ("assume_finite", "skip_parameter_validation")
    context: AbstractContextManager[Any] = sklearn.config_context(
        **{name: True for name in settings if name in known}
    )
    return context


def _contained(matrix: Any, sparse: bool) -> Any:
    """The array, or the CSR matrix that a part needs."""
    if not sparse:
        return matrix
    from scipy.sparse import csr_matrix

    return csr_matrix(matrix)


def _tuple_like(part: Any, members: Sequence[Any]) -> tuple[Any, ...]:
    copied: tuple[Any, ...] = type(part)(*members) if hasattr(part, "_fields") else tuple(members)
    return copied


def _array_like(part: Any) -> Any:
    copied = np.empty(part.shape, object)
    for index, member in np.ndenumerate(part):
        copied[index] = without_feature_names(member)
    return copied
