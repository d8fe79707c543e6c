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
from packager.model.compiled.form import Linear, Link, Native, Path_

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Labels = list[Scalar | None]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class BatchOutput:
    """For each row of a matrix: label, probabilities if any, and whether the answer is reliable.

    Of a model with outputs, ``labels`` and ``more`` are those of ``Predictions``.
    """

    labels: list[Any]
    probabilities: Floats | None
    good: Bools
    more: list[dict[str, Any]] | None = None


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
class HeadSpec:
    """Interpretation of the scores of a head."""

    task: Task
    classes: tuple[Scalar, ...] | None
    has_probabilities: bool
    tolerance: float


class LinkedScores:
    """Answers from the scores of a linear model.

    Rows whose rounding could exceed the tolerance aren't ``good``.
    """

    def __init__(self, link: Link, meaning: HeadSpec) -> None:
        self._link = link
        self._meaning = meaning

    def __call__(self, scores: Floats, error: Floats) -> BatchOutput:
        """Answers for scores, shape (rows, scores); ``error``: their largest rounding, (rows,)."""
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
        probabilities = np.empty((len(positive), 2))
        probabilities[:, 0], probabilities[:, 1] = 1 - positive, positive
        return BatchOutput(labels, probabilities, good)

    def _several(self, scores: Floats, error: Floats) -> BatchOutput:
        tolerance = self._meaning.tolerance
        good = (error <= tolerance) & (gap(scores) > 4 * tolerance)
        labels = argmax_labels(scores, self._meaning.classes)
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


class LinearModel:
    """Scores by a dot product."""

    def __init__(self, linear: Linear, meaning: HeadSpec) -> None:
        self._weights = np.array(linear.coefficients, np.float64).T
        self._intercept = np.array(linear.intercept, np.float64)
        self._linked = LinkedScores(linear.link, meaning)
        self.rounding = rounding(len(linear.coefficients[0]))

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        scores = matrix @ self._weights + self._intercept
        sizes = np.abs(matrix) @ np.abs(self._weights) + np.abs(self._intercept)
        return self.answers(scores, sizes)

    def answers(self, scores: Floats, sizes: Floats) -> BatchOutput:
        """Answers for scores, shape (rows, scores); ``sizes``: absolute sums of their products."""
        return self._linked(scores, sizes.max(axis=1) * self.rounding)


class NativeEstimator:
    """The model's own estimator, called with the matrix."""

    def __init__(self, head: Native, sparse: bool, parts: ModelParts) -> None:
        self._path = head.path
        self._sparse = sparse
        self._parts = parts

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        predictions = self._parts.predict(self._path, matrix, sparse=self._sparse)
        good = np.ones(len(matrix), bool)
        return BatchOutput(predictions.labels, predictions.probabilities, good, predictions.more)


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


def argmax_labels(scores: Floats, classes: Sequence[Scalar] | None) -> Labels:
    """The class with the highest score of each row."""
    assert classes is not None
    return [classes[index] for index in scores.argmax(axis=1).tolist()]


def gap(scores: Floats) -> Floats:
    """Difference between the highest and the second highest score of each row."""
    two = np.partition(scores, -2, axis=1)[:, -2:]
    difference: Floats = two[:, 1] - two[:, 0]
    return difference
