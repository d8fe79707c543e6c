"""A linear model on texts: sums over the n-grams that a document has, in scikit-learn's order.

scikit-learn adds the products of a sparse row one after another, in the order of the features. So
do both functions here, for one row and for many: scores are equal to the last bit.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays
from packager.manifest.base import Scalar
from packager.model.compiled.encode import Encoder
from packager.model.compiled.form import Form, SparseLinear
from packager.model.compiled.heads import EPS, LinkedScores, OutputSpec
from packager.model.compiled.stored_arrays import array_of
from packager.model.compiled.text_encoder import Features, TextEncoder, joined
from packager.model.predictions import Predictions

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
OneRow = tuple[Scalar, list[float] | None]

MAX_PRODUCTS = 1 << 20
"""Number of products of features and weights in memory at once, unless one row has more."""


class SparseModel:
    """Answers of a form with texts."""

    def __init__(self, form: Form, content: bytes | mmap.mmap, meaning: OutputSpec) -> None:
        """``content``: the file of the form's arrays; raises ``PackageError`` if it is damaged."""
        assert isinstance(form.head, SparseLinear)
        self._weights = array_of(form.head.weights, content)
        self._intercept = np.array(form.head.intercept, np.float64)
        self._texts = [TextEncoder(text, content) for text in form.texts]
        self._encoder = Encoder(form.matrix, form.columns) if form.places else None
        self._places = np.array(form.places, np.int64)
        self._answers = LinkedScores(form.head.link, meaning)
        self._at_once = max(1, MAX_PRODUCTS // len(self._intercept))

    def predict_row(self, values: Sequence[Any]) -> OneRow | None:
        """The answer for one row; None if it is outside the domain."""
        features = self._features(values)
        if features is None:
            return None
        places, found = features
        products = found[:, None] * self._weights[places]
        scores = _summed(products) + self._intercept
        sizes = np.abs(products).sum(axis=0) + np.abs(self._intercept)
        error = float(sizes.max()) * _rounding(len(places))
        answers = self._answers(scores[None], np.array([error]))
        label = answers.labels[0]
        if not answers.good[0] or label is None:
            return None
        chances = answers.probabilities
        return label, None if chances is None else chances[0].tolist()

    def predict_rows(
        self, columns: Sequence[Sequence[Any]], _: ColumnArrays | None = None
    ) -> tuple[Predictions, Bools]:
        """Answers for many rows, and the mask of valid ones: the others are placeholders."""
        rows = len(columns[0])
        scores = np.zeros((rows, len(self._intercept)))
        errors = np.zeros_like(scores)
        inside = np.ones(rows, bool)
        waiting: list[tuple[int, Features]] = []
        products = 0
        for row, values in enumerate(zip(*columns, strict=True)):
            features = self._features(values)
            if features is None:
                inside[row] = False
                continue
            waiting.append((row, features))
            products += len(features[0])
            if products >= self._at_once:
                self._add(waiting, scores, errors)
                waiting, products = [], 0
        self._add(waiting, scores, errors)
        scores += self._intercept
        answers = self._answers(scores, errors.max(axis=1))
        return Predictions(answers.labels, answers.probabilities), inside & answers.good

    def _add(self, waiting: Sequence[tuple[int, Features]], scores: Floats, errors: Floats) -> None:
        """Write the sums of these rows, without intercepts, and bounds on their rounding."""
        if not waiting:
            return
        numbers = np.array([row for row, _ in waiting])
        lengths = np.array([len(places) for _, (places, _) in waiting])
        places = np.concatenate([places for _, (places, _) in waiting])
        found = np.concatenate([values for _, (_, values) in waiting])
        rows = np.repeat(np.arange(len(waiting)), lengths)
        weights = self._weights[places]
        for score, constant in enumerate(np.abs(self._intercept).tolist()):
            products = found * weights[:, score]
            # ``bincount`` adds one product after another.
            scores[numbers, score] = np.bincount(rows, products, len(waiting))
            sizes = np.bincount(rows, np.abs(products), len(waiting)) + constant
            errors[numbers, score] = sizes * _rounding(lengths)

    def _features(self, values: Sequence[Any]) -> Features | None:
        """The features of one row that aren't zero; None if it is outside the domain."""
        parts: list[Features] = []
        for text in self._texts:
            made = text.row(values[text.column])
            if made is None:
                return None
            parts.append(made)
        if self._encoder is not None:
            row = self._encoder.row(values)
            if row is None:
                return None
            others = np.array(row)
            if not np.isfinite(others).all():
                return None
            kept = np.flatnonzero(others)
            parts.append((self._places[kept], others[kept]))
        return joined(parts)


def _summed(products: Floats) -> Floats:
    """The sums of the columns, one number after another."""
    if not len(products):
        return np.zeros(products.shape[1])
    found: Floats = products.cumsum(axis=0)[-1]
    return found


def _rounding(products: Any) -> Any:
    """As ``heads.rounding``, for rows with so many products."""
    return (products + 8) * EPS
