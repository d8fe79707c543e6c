"""The features of documents: n-gram counts after their stages, as scikit-learn computes them.

Every sum is taken one number after another in the order of the features, as scikit-learn's loops
over sparse rows do, so that no rounding differs.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from packager.model.compiled.hashed_ngrams import HashedCounter
from packager.model.compiled.ngrams import NgramCounter
from packager.model.compiled.stored_arrays import array_of
from packager.model.compiled.text_form import Text, TextStage

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class SparseRows(NamedTuple):
    """The entries of a sparse matrix, ordered by row and place."""

    rows: Integers
    indices: Integers
    values: Floats
    height: int
    """The number of rows."""

    def sums(self, values: Floats) -> Floats:
        """The sums of numbers that belong to the entries, row by row, shape (height,).

        ``bincount`` adds one number after another, as scikit-learn does; ``sum`` adds in pairs.
        """
        return np.asarray(np.bincount(self.rows, values, self.height), np.float64)

    def divided(self, norms: Floats) -> Floats:
        """The values divided by the norm of their row, unless that is 0."""
        quotients: Floats = self.values / np.where(norms == 0, 1.0, norms)[self.rows]
        return quotients

    def largest(self) -> Floats:
        """The largest absolute value of each row; 0 for a row without entries."""
        maxima = np.zeros(self.height)
        np.maximum.at(maxima, self.rows, np.abs(self.values))
        return maxima


class SparseRow(NamedTuple):
    """The entries of one row of a sparse matrix, ordered by place."""

    indices: Integers
    values: Floats

    def sums(self, values: Floats) -> Any:
        """The sum of numbers that belong to the entries, one after another."""
        return values.cumsum()[-1] if len(values) else 0.0

    def divided(self, norm: Any) -> Floats:
        """The values divided by ``norm``, unless that is 0."""
        return self.values / norm if norm else self.values

    def largest(self) -> Any:
        """The largest absolute value; 0 without entries."""
        return np.abs(self.values).max(initial=0.0)


Stage = Callable[[Any], Any]
"""From ``SparseRows`` to ``SparseRows``, and from ``SparseRow`` to ``SparseRow``."""


class TextEncoder:
    """Computes the features of one text column."""

    def __init__(self, text: Text, content: bytes | mmap.mmap) -> None:
        """``content``: the file of the form's arrays; raises ``PackageError`` if it is damaged."""
        self.column = text.column
        self._start = text.start
        hashed = text.vocabulary is None
        self._counter = HashedCounter(text) if hashed else NgramCounter(text, content)
        self._stages = [_stage(stage, content) for stage in text.stages]

    def features(self, documents: Sequence[Any]) -> tuple[SparseRows, Bools]:
        """The features of documents (None for null), and the mask of those in the domain.

        The others have no features.
        """
        known = ["" if document is None else document for document in documents]
        counted, inside = self._counter.counts(known)
        for row, document in enumerate(documents):
            if document is None:
                inside[row] = False
        values = counted.counts.astype(np.float64)
        sparse = SparseRows(counted.rows, counted.features, values, len(documents))
        for stage in self._stages:
            sparse = stage(sparse)
        return sparse._replace(indices=sparse.indices + self._start), inside

    def features_of_one(self, document: Any) -> SparseRow | None:
        """The features of one document; None outside the domain."""
        counted = None if document is None else self._counter.counts_of_one(document)
        if counted is None:
            return None
        row = SparseRow(counted[0], counted[1].astype(np.float64))
        for stage in self._stages:
            row = stage(row)
        return row._replace(indices=row.indices + self._start) if self._start else row


def joined(parts: Sequence[SparseRows]) -> SparseRows:
    """Several parts of the same rows as one."""
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([part.rows for part in parts])
    indices = np.concatenate([part.indices for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = np.lexsort((indices, rows))
    return SparseRows(rows[order], indices[order], values[order], parts[0].height)


def joined_row(parts: Sequence[SparseRow]) -> SparseRow:
    """Several parts of one row as one."""
    if len(parts) == 1:
        return parts[0]
    indices = np.concatenate([part.indices for part in parts])
    order = indices.argsort(kind="stable")
    return SparseRow(indices[order], np.concatenate([part.values for part in parts])[order])


def _stage(stage: TextStage, content: bytes | mmap.mmap) -> Stage:
    values: Any = None if stage.values is None else array_of(stage.values, content)
    limit = stage.threshold or 0.0
    if stage.name == "select":
        return lambda sparse: _selected(sparse, values)
    function: Callable[[Any], Floats] = {
        "ones": lambda sparse: np.ones_like(sparse.values),
        "log": lambda sparse: np.log(sparse.values) + 1.0,
        "multiply": lambda sparse: sparse.values * values.take(sparse.indices),
        "above": lambda sparse: (sparse.values > limit).astype(np.float64),
        "l1": lambda sparse: sparse.divided(sparse.sums(np.abs(sparse.values))),
        "l2": lambda sparse: sparse.divided(np.sqrt(sparse.sums(sparse.values * sparse.values))),
        "max": lambda sparse: sparse.divided(sparse.largest()),
    }[stage.name]
    return lambda sparse: sparse._replace(values=function(sparse))


def _selected(sparse: Any, new: Any) -> Any:
    indices = new.take(sparse.indices)
    selected = indices >= 0
    sparse = sparse._replace(
        indices=indices[selected].astype(np.int64), values=sparse.values[selected]
    )
    return sparse._replace(rows=sparse.rows[selected]) if isinstance(sparse, SparseRows) else sparse
