"""Heads compute answers from an encoded matrix: linear, trees, or the model's own estimator.

A head marks the rows with reliable answers: the sums are so small that the order of additions
changes them by less than the tolerance, and the two likeliest classes are not nearly tied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from modelhost.predictions import Predictions
from packager.manifest.base import Scalar, Task
from packager.model.compiled.form import Linear, Native, Path_, Trees

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Labels = list[Scalar | None]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class BatchOutput:
    """For each row of a matrix: label, probabilities if any, and whether the answer is reliable."""

    labels: Labels
    probabilities: Floats | None
    good: Bools


class ModelParts(Protocol):
    """Calls parts of the fitted model, named by their path, with float64 rows."""

    def transform(self, path: Path_, matrix: Any, *, sparse: bool = False) -> Floats:
        """The output of a transformer, shape (rows, outputs)."""

    def predict(self, path: Path_, matrix: Any, *, sparse: bool = False) -> Predictions:
        """The answers of an estimator."""


class OutputLayer(Protocol):
    """A head: computes the answers for a matrix of shape (rows, width)."""

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""


@dataclass(frozen=True)
class OutputSpec:
    """How to interpret the scores of a head."""

    task: Task
    classes: tuple[Scalar, ...] | None
    has_probabilities: bool
    tolerance: float


class LinearModel:
    """Scores by a dot product; rows whose rounding could exceed the tolerance aren't ``good``."""

    def __init__(self, linear: Linear, meaning: OutputSpec) -> None:
        self._weights = np.array(linear.coefficients, np.float64).T
        self._intercept = np.array(linear.intercept, np.float64)
        self._link = linear.link
        self._meaning = meaning
        self.rounding = rounding(len(linear.coefficients[0]))

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        scores = matrix @ self._weights + self._intercept
        sizes = np.abs(matrix) @ np.abs(self._weights) + np.abs(self._intercept)
        return self.answers(scores, sizes)

    def answers(self, scores: Floats, sizes: Floats) -> BatchOutput:
        """Answers for scores, shape (rows, scores); ``sizes``: absolute sums of their products."""
        error = sizes.max(axis=1) * self.rounding
        tolerance = self._meaning.tolerance
        if self._meaning.task == "regression":
            numbers = np.exp(scores[:, 0]) if self._link == "exp" else scores[:, 0]
            allowed = np.full(len(numbers), tolerance)
            if self._link == "none":
                allowed *= np.maximum(1.0, np.abs(numbers))
            good = (error <= allowed) & np.isfinite(numbers)
            return BatchOutput([float(number) for number in numbers], None, good)
        if scores.shape[1] == 1:
            return self._binary(scores[:, 0], error)
        return self._several(scores, error)

    def _binary(self, scores: Floats, error: Floats) -> BatchOutput:
        assert self._meaning.classes is not None
        tolerance = self._meaning.tolerance
        good = (error <= tolerance) & (np.abs(scores) > 4 * tolerance)
        one, other = self._meaning.classes
        labels: Labels = [other if high else one for high in (scores > 0).tolist()]
        if self._link == "labels":
            return BatchOutput(labels, None, good)
        positive = logistic(scores)
        return BatchOutput(labels, np.column_stack([1 - positive, positive]), good)

    def _several(self, scores: Floats, error: Floats) -> BatchOutput:
        tolerance = self._meaning.tolerance
        good = (error <= tolerance) & (_gap(scores) > 4 * tolerance)
        labels = _argmax(scores, self._meaning.classes)
        if self._link == "labels":
            return BatchOutput(labels, None, good)
        if self._link == "softmax":
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        else:
            raised = logistic(scores)
        with np.errstate(invalid="ignore"):
            probabilities = raised / raised.sum(axis=1, keepdims=True)
        # One-vs-rest divides by a sum that may be tiny, which magnifies the error.
        good &= raised.sum(axis=1) > (1e-3 if self._link == "ovr" else 0)
        return BatchOutput(labels, probabilities, good)


class TreeModel:
    """Trees deserialized from bytes: treelite computes the sums, NumPy the link.

    (treelite's own softmax works in float32.)
    """

    def __init__(self, trees: Trees, content: bytes, meaning: OutputSpec) -> None:
        import treelite

        self._model = treelite.Model.deserialize_bytes(content)
        self._gtil = treelite.gtil
        self._trees = trees
        self._meaning = meaning
        header = self._model.get_header_accessor()
        self._base = np.asarray(header.get_field("base_scores"), np.float32)
        self._class_of = np.asarray(header.get_field("class_id"))

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        with np.errstate(over="ignore", under="ignore"):
            if self._trees.float32:
                matrix = matrix.astype(np.float32)
            if self._trees.in_order:
                return self._answers(self._in_order(matrix))
        if self._trees.zero:
            matrix = np.where(np.abs(matrix) <= self._trees.zero, 0.0, matrix)
        matrix = np.ascontiguousarray(matrix, np.float64)
        found = self._gtil.predict(self._model, matrix, nthread=1, pred_margin=True)
        return self._answers(found.reshape(len(matrix), -1))

    def _in_order(self, matrix: Any) -> Floats:
        """float32 sums over the trees in their order, shape (rows, classes)."""
        found = self._gtil.predict_per_tree(self._model, np.ascontiguousarray(matrix), nthread=1)
        rows = len(matrix)
        leaves = found.reshape(rows, -1)
        sums = []
        for place, base in enumerate(self._base):
            own = leaves[:, self._class_of == place]
            terms = np.hstack([np.full((rows, 1), base, np.float32), own])
            sums.append(np.cumsum(terms, axis=1, dtype=np.float32)[:, -1])
        return np.column_stack(sums).astype(np.float64)

    def _answers(self, sums: Floats) -> BatchOutput:
        link = self._trees.link
        if self._meaning.task == "regression":
            numbers = np.exp(sums[:, 0]) if link == "exp" else sums[:, 0]
            return BatchOutput([float(number) for number in numbers], None, np.isfinite(numbers))
        if link == "softmax":
            raised = np.exp(sums - sums.max(axis=1, keepdims=True))
            found = raised / raised.sum(axis=1, keepdims=True)
        elif link == "none":
            found = sums
        else:
            found = logistic(2 * sums if link == "doubled" else sums)
        probabilities = np.hstack([1 - found, found]) if found.shape[1] == 1 else found
        labels = _argmax(probabilities, self._meaning.classes)
        good = _gap(probabilities) > 4 * self._meaning.tolerance
        return BatchOutput(labels, probabilities, good)


class NativeEstimator:
    """The model's own estimator, called with the matrix."""

    def __init__(self, head: Native, sparse: bool, parts: ModelParts) -> None:
        self._path = head.path
        self._sparse = sparse
        self._parts = parts

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        found = self._parts.predict(self._path, matrix, sparse=self._sparse)
        return BatchOutput(found.labels, found.probabilities, np.ones(len(matrix), bool))


def rounding(width: int) -> float:
    """Largest difference between two orders of adding ``width`` products, per absolute sum.

    N. Higham, Accuracy and Stability of Numerical Algorithms, §3.1: the error of each order is at
    most about (width + 1) unit roundoffs of that sum; a unit roundoff is half of epsilon.
    """
    return (width + 8) * EPS


def logistic(scores: Floats) -> Floats:
    """1 / (1 + e⁻ˢ), without overflow."""
    small = np.exp(-np.abs(scores))
    answer: Floats = np.where(scores >= 0, 1.0, small) / (1.0 + small)
    return answer


def logistic_of_one(score: float) -> float:
    """Like ``logistic``, for one score."""
    small = math.exp(-abs(score))
    return (1.0 if score >= 0 else small) / (1.0 + small)


def _argmax(scores: Floats, classes: Sequence[Scalar] | None) -> Labels:
    assert classes is not None
    return [classes[place] for place in scores.argmax(axis=1).tolist()]


def _gap(scores: Floats) -> Floats:
    """Difference between the highest and the second highest score of each row."""
    two = np.partition(scores, -2, axis=1)[:, -2:]
    gap: Floats = two[:, 1] - two[:, 0]
    return gap
