"""The head of tree ensembles: sums of leaves, and the link of their framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from packager.model.compiled.encode import Encoder
from packager.model.compiled.form import Trees
from packager.model.compiled.heads import (
    BatchOutput,
    Floats,
    HeadSpec,
    argmax_labels,
    gap,
    logistic,
)
from packager.model.compiled.leaf_tables import LeafTables
from packager.model.compiled.one_answer import OneRow
from packager.model.compiled.tree_row import tree_row
from packager.model.compiled.treelite_alone import import_treelite


class TreeModel:
    """Trees deserialized from bytes: tables or treelite find the leaves, NumPy computes the link.

    (treelite's own softmax works in float32.) Tables are used only if they give the same bits.
    """

    def __init__(self, trees: Trees, content: bytes, meaning: HeadSpec) -> None:
        treelite = import_treelite()
        self._model = treelite.Model.deserialize_bytes(content)
        self._gtil = treelite.gtil
        self._trees = trees
        self._meaning = meaning
        header = self._model.get_header_accessor()
        self._base = np.asarray(header.get_field("base_scores"), np.float64)
        self._class_of = np.asarray(header.get_field("class_id"))
        self._tables: LeafTables | None = None
        tables = LeafTables.of(self._model)
        if tables is not None:
            rows = tables.edge_rows(int(header.get_field("num_feature")[0]))
            expected = self._sums(rows)
            self._tables = tables
            if self._sums(rows).tobytes() != expected.tobytes():
                self._tables = None

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        return self._answers(self._sums(matrix))

    def row_function(self, encoder: Encoder) -> Callable[[Sequence[Any]], OneRow | None] | None:
        """What answers one row with the same bits, faster; None if there is no such function."""
        if self._tables is None or len(self._base) != 1:
            return None
        return tree_row(self._trees, self._tables, self._base.item(), encoder, self._meaning)

    def _sums(self, matrix: Any) -> Floats:
        """The sums of the leaves' values, shape (rows, classes)."""
        if self._trees.float32:
            with np.errstate(over="ignore", under="ignore"):
                matrix = matrix.astype(np.float32)
        if self._trees.in_order:
            return self._in_order(matrix)
        if self._trees.zero:
            matrix = np.where(np.abs(matrix) <= self._trees.zero, 0.0, matrix)
        matrix = np.ascontiguousarray(matrix, np.float64)
        if self._tables is not None:
            leaves = self._tables(matrix)
            added = np.column_stack([_added(own) for own in self._by_class(leaves)])
            added += self._base
            return added
        margins = self._gtil.predict(self._model, matrix, nthread=1, pred_margin=True)
        sums: Floats = margins.reshape(len(matrix), -1)
        return sums

    def _in_order(self, matrix: Any) -> Floats:
        """float32 sums over the trees in their order, shape (rows, classes)."""
        rows = len(matrix)
        if self._tables is None:
            contiguous = np.ascontiguousarray(matrix)
            leaves = self._gtil.predict_per_tree(self._model, contiguous, nthread=1).reshape(
                rows, -1
            )
        else:
            leaves = self._tables(matrix.astype(np.float64)).astype(np.float32)
        bases = np.repeat(self._base.astype(np.float32)[None], rows, axis=0)
        with np.errstate(over="ignore", under="ignore"):
            sums = [
                _added(np.hstack([base[:, None], own]))
                for base, own in zip(bases.T, self._by_class(leaves), strict=True)
            ]
        return np.column_stack(sums).astype(np.float64)

    def _by_class(self, leaves: Any) -> list[Any]:
        """The leaves of each class's trees, in their order."""
        if len(self._base) == 1:
            return [leaves]
        return [leaves[:, self._class_of == index] for index in range(len(self._base))]

    def _answers(self, sums: Floats) -> BatchOutput:
        link = self._trees.link
        if self._meaning.task == "regression":
            numbers = np.exp(sums[:, 0]) if link == "exp" else sums[:, 0]
            return BatchOutput([float(number) for number in numbers], None, np.isfinite(numbers))
        if link == "softmax":
            raised = np.exp(sums - sums.max(axis=1, keepdims=True))
            chances = raised / raised.sum(axis=1, keepdims=True)
        elif link == "none":
            chances = sums
        else:
            chances = logistic(2 * sums if link == "doubled" else sums)
        probabilities = np.hstack([1 - chances, chances]) if chances.shape[1] == 1 else chances
        labels = argmax_labels(probabilities, self._meaning.classes)
        good = gap(probabilities) > 4 * self._meaning.tolerance
        return BatchOutput(labels, probabilities, good)


def _added(terms: Any) -> Floats:
    """The sum of each row, added one after another, never pairwise."""
    totals: Floats = np.add.accumulate(terms, axis=1)[:, -1]
    return totals
