"""A linear model on texts: sums over the n-grams that a document has, in scikit-learn's order.

scikit-learn adds the products of a sparse row one after another, in the order of the features. So
does this module, for one row and for many: scores are equal to the last bit.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays
from packager.manifest.base import Scalar
from packager.manifest.outputs import Output
from packager.model.compiled.encode import Encoder
from packager.model.compiled.form import Form, SparseLinear
from packager.model.compiled.heads import EPS, BatchOutput, HeadSpec, LinkedScores
from packager.model.compiled.joined_answers import JoinedAnswers
from packager.model.compiled.one_answer import one_answer
from packager.model.compiled.stored_arrays import array_of
from packager.model.compiled.text_encoder import (
    SparseRow,
    SparseRows,
    TextEncoder,
    joined,
    joined_row,
)
from packager.model.predictions import Predictions

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
OneRow = tuple[Scalar, list[float] | None]
Columns = Sequence[Sequence[Any]]

MAX_CHARACTERS = 1 << 17
"""Number of characters that are encoded at once, unless one row has more."""


class SparseScores:
    """A linear model on the features of rows that aren't zero."""

    def __init__(self, head: SparseLinear, content: bytes | mmap.mmap, meaning: HeadSpec) -> None:
        """``content``: the file with its weights."""
        self._weights = array_of(head.weights, content)
        self._intercept = np.array(head.intercept, np.float64)
        self._constants = np.abs(self._intercept)
        self._constant = float(self._constants.max())
        weights = self._weights
        self._largest = float(max(-weights.min(initial=0.0), weights.max(initial=0.0)))
        self._folded = head.largest is not None
        """Whether the model itself sums products of other weights, which may cancel each other."""
        self._largest = max(self._largest, head.largest or 0.0)
        self._more = 8 + head.terms
        self._tolerance = meaning.tolerance
        self._linked = LinkedScores(head.link, meaning)
        self._answer = one_answer(head.link, meaning)

    def of_row(self, row: SparseRow) -> OneRow | None:
        """The answer for one row; None if rounding could change it."""
        products = self._weights.take(row.indices, 0) * row.values[:, None]
        scores = self._intercept
        if len(products):
            scores = products.cumsum(axis=0)[-1] + scores
        rounding = (len(products) + self._more) * EPS
        # By Cauchy and Schwarz a row's absolute sum is at most this, which is cheap to compute.
        size = self._largest * math.sqrt(len(products) * row.values.dot(row.values))
        if self._folded:
            size += self._constant
        elif (size + self._constant) * rounding > self._tolerance:
            size = float((np.abs(products).sum(axis=0) + self._constants).max())
        return self._answer(scores, size * rounding)

    def __call__(self, sparse: SparseRows) -> BatchOutput:
        """The answers for many rows."""
        products = self._weights.take(sparse.indices, 0) * sparse.values[:, None]
        rounding = (np.bincount(sparse.rows, minlength=sparse.height) + self._more) * EPS
        scores = np.empty((sparse.height, len(self._intercept)))
        sizes = np.empty_like(scores)
        if self._folded:
            sizes[:] = self._largest * sparse.sums(np.abs(sparse.values))[:, None]
        for score in range(scores.shape[1]):
            scores[:, score] = sparse.sums(products[:, score])
            if not self._folded:
                sizes[:, score] = sparse.sums(np.abs(products[:, score]))
        scores += self._intercept
        sizes += self._constants
        return self._linked(scores, sizes.max(axis=1) * rounding)


class SparseModel:
    """Answers of a form with texts."""

    def __init__(
        self,
        form: Form,
        content: bytes | mmap.mmap,
        meanings: Sequence[HeadSpec],
        outputs: Sequence[Output] = (),
    ) -> None:
        """``content``: the file of the form's arrays; raises ``PackageError`` if it is damaged.

        ``meanings``: of each of the form's heads.
        """
        self._texts = [TextEncoder(text, content) for text in form.texts]
        self._encoder = Encoder(form.matrix, form.columns) if form.indices else None
        self._indices = np.array(form.indices, np.int64)
        self._heads = [
            SparseScores(head, content, meaning)
            for head, meaning in zip(form.parts, meanings, strict=True)
            if isinstance(head, SparseLinear)
        ]
        self._join = JoinedAnswers(outputs) if outputs else None

    def predict_row(self, values: Sequence[Any]) -> OneRow | None:
        """The answer for one row; None if it is outside the domain."""
        row = self._row(values)
        if row is None:
            return None
        return self._heads[0].of_row(row)

    def _row(self, values: Sequence[Any]) -> SparseRow | None:
        """The features of one row; None if it is outside the domain."""
        parts = []
        for text in self._texts:
            row = text.features_of_one(values[text.column])
            if row is None:
                return None
            parts.append(row)
        if self._encoder is not None:
            others = self._encoder.row(values)
            if others is None:
                return None
            entries = np.array(others)
            if not np.isfinite(entries).all():
                return None
            nonzero = np.flatnonzero(entries)
            parts.append(SparseRow(self._indices[nonzero], entries[nonzero]))
        return joined_row(parts)

    def predict_rows(
        self, columns: Columns, _: ColumnArrays | None = None
    ) -> tuple[Predictions, Bools]:
        """Answers for many rows, and the mask of valid ones: the others are placeholders."""
        parts = [self._part(part) for part in self._parts(columns)]
        labels = [label for answers, _ in parts for label in answers.labels]
        inside = np.concatenate([inside for _, inside in parts])
        chances = [one.probabilities for one, _ in parts if one.probabilities is not None]
        more = [entry for one, _ in parts for entry in one.more or ()]
        joined = np.concatenate(chances) if chances else None
        return Predictions(labels, joined, more or None), inside

    def _parts(self, columns: Columns) -> Iterator[Columns]:
        """The rows in parts of at most ``MAX_CHARACTERS``."""
        sizes = np.zeros(len(columns[0]), np.int64)
        for text in self._texts:
            documents = columns[text.column]
            lengths = (len(document or "") for document in documents)
            sizes += np.fromiter(lengths, np.int64, len(documents))
        numbers = np.cumsum(sizes) // MAX_CHARACTERS
        _, counts = np.unique(numbers, return_counts=True)
        if len(counts) <= 1:
            yield columns
            return
        iterators = [iter(column) for column in columns]
        for count in counts.tolist():
            yield [list(islice(column, count)) for column in iterators]

    def _part(self, columns: Columns) -> tuple[BatchOutput, Bools]:
        features, inside = self._features(columns)
        parts = [head(features) for head in self._heads]
        answers = parts[0] if self._join is None else self._join(parts)
        return answers, inside & answers.good

    def _features(self, columns: Columns) -> tuple[SparseRows, Bools]:
        """The features of rows that aren't zero, and the mask of rows in the domain."""
        height = len(columns[0])
        inside = np.ones(height, bool)
        parts = []
        for text in self._texts:
            part, known = text.features(columns[text.column])
            inside &= known
            parts.append(part)
        if self._encoder is not None:
            part, known = self._others(self._encoder, columns, height)
            inside &= known
            parts.append(part)
        return joined(parts), inside

    def _others(self, encoder: Encoder, columns: Columns, height: int) -> tuple[SparseRows, Bools]:
        """The features that aren't of texts."""
        known = encoder.inside(columns, height)
        matrix = np.zeros((height, encoder.matrix.width))
        chosen = np.flatnonzero(known)
        chosen_columns = columns
        if len(chosen) < height:
            chosen_columns = [[column[row] for row in chosen.tolist()] for column in columns]
        matrix[chosen] = encoder.fill(chosen_columns, len(chosen))
        finite = np.isfinite(matrix).all(axis=1)
        matrix[~finite] = 0.0
        rows, indices = np.nonzero(matrix)
        sparse = SparseRows(rows, self._indices[indices], matrix[rows, indices], height)
        return sparse, known & finite
