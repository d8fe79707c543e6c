"""Finds the leaves of all trees by looking masks up, instead of walking each tree.

Each leaf of a tree is a bit, from left to right. A node whose condition is false excludes the
leaves below its left branch, and the leaf that a row reaches is the first that no node excludes (C.
Lucchese et al., QuickScorer, SIGIR 2015). The nodes of a feature are sorted by threshold, so those
that are false for a value are the first ones: one row of a table holds what they exclude in all
trees. The leaves are those of treelite's own inference, to the last bit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

MAX_LEAVES = 64
"""Leaves of a tree: the bits of a mask."""
MAX_TABLE_BYTES = 16 << 20
MAX_CELLS = 1 << 16
"""Rows times trees in memory at once."""
_EDGE_ROWS = 64
_LESS, _LESS_OR_EQUAL = 2, 3
"""treelite's numbers of the comparisons."""

Floats = npt.NDArray[np.float64]
Masks = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Node:
    """A condition ``value < threshold`` or ``value <= threshold``."""

    tree: int
    feature: int
    threshold: float
    nan_is_left: bool
    below: int
    """Mask of the leaves below its left branch."""


class LeafTables:
    """Tables of an ensemble of trees."""

    def __init__(self, nodes: Sequence[_Node], values: Floats, *, strict: bool) -> None:
        """``values``: shape (trees, ``MAX_LEAVES``); ``strict``: conditions are ``<``."""
        trees = len(values)
        self._values = values.ravel()
        self._first = np.arange(trees, dtype=np.intp) * MAX_LEAVES
        self._bisect = bisect_right if strict else bisect_left
        self._strict = strict
        self._thresholds: list[tuple[int, int, list[float], Floats]] = []
        """Feature, its first row in the masks, and its thresholds as list and as array."""
        tables: list[Masks] = []
        for feature, its in _by_feature(nodes).items():
            thresholds = sorted({node.threshold for node in its})
            first = sum(map(len, tables))
            self._thresholds.append((feature, first, thresholds, np.array(thresholds)))
            tables.append(_table(its, thresholds, trees))
        self._masks = np.concatenate(tables)
        self._at_once = max(1, MAX_CELLS // trees)

    @classmethod
    def of(cls, model: Any) -> Self | None:
        """The tables of a treelite model; None if it has other trees, or they would be too large.

        Trees need one number a leaf, ``MAX_LEAVES`` leaves at most, and conditions of one kind.
        """
        header = model.get_header_accessor()
        averaged = header.get_field("average_tree_output")[0]
        if averaged or header.get_field("leaf_vector_shape").tolist() != [1, 1]:
            return None
        accessors = [model.get_tree_accessor(at) for at in range(header.get_field("num_tree")[0])]
        trees = [_Tree(at, one.get_field) for at, one in enumerate(accessors)]
        if not all(tree.fits for tree in trees):
            return None
        conditions = {condition for tree in trees for condition in tree.conditions}
        signs = {sign for sign, _, _ in conditions}
        rows = len(conditions) + 2 * len({feature for _, feature, _ in conditions})
        if signs not in ({_LESS}, {_LESS_OR_EQUAL}) or rows * len(trees) * 8 > MAX_TABLE_BYTES:
            return None
        nodes = [node for tree in trees for node in tree.nodes()]
        values = np.zeros((len(trees), MAX_LEAVES))
        for own, tree in zip(values, trees, strict=True):
            own[: len(tree.leaves)] = tree.leaves
        return cls(nodes, values, strict=signs == {_LESS})

    def __call__(self, matrix: Floats) -> Floats:
        """The values of the leaves that the rows reach, shape (rows, trees)."""
        if len(matrix) == 1:
            (row,) = matrix.tolist()
            return self._reached(self._left(row)[None])
        starts = range(0, len(matrix), self._at_once)
        return np.concatenate([self._some(matrix[at : at + self._at_once]) for at in starts])

    def sum_of(self, row: Sequence[float]) -> float:
        """The values of the leaves that one row reaches, added in the order of the trees."""
        total: float = np.add.accumulate(self._reached(self._left(row)))[-1].item()
        return total

    def edge_rows(self, width: int) -> Floats:
        """Rows of ``width`` features for a comparison: at and beside thresholds, and NaN."""
        rows = np.zeros((_EDGE_ROWS, width))
        random = np.random.default_rng(0)
        for at, _, _, thresholds in self._thresholds:
            drawn = random.choice(thresholds, _EDGE_ROWS)
            beside = np.nextafter(drawn, random.choice([-np.inf, np.inf], _EDGE_ROWS))
            kinds = random.integers(0, 8, _EDGE_ROWS)
            rows[:, at] = np.select([kinds == 0, kinds < 4], [np.nan, drawn], beside)
        return rows

    def _left(self, row: Sequence[float]) -> Masks:
        """The leaves that no condition excludes for one row, shape (trees,)."""
        indices = [
            first + (len(listed) + 1 if row[at] != row[at] else self._bisect(listed, row[at]))
            for at, first, listed, _ in self._thresholds
        ]
        remaining: Masks = np.bitwise_and.reduce(self._masks.take(indices, axis=0), axis=0)
        return remaining

    def _some(self, matrix: Floats) -> Floats:
        nan = np.isnan(matrix)
        any_nan = nan.any()
        leaf_masks: Masks | None = None
        for at, first, _, thresholds in self._thresholds:
            indices = thresholds.searchsorted(matrix[:, at], "right" if self._strict else "left")
            if any_nan:
                indices[nan[:, at]] = len(thresholds) + 1
            masks = self._masks.take(indices + first, axis=0)
            leaf_masks = (
                masks if leaf_masks is None else np.bitwise_and(leaf_masks, masks, out=leaf_masks)
            )
        assert leaf_masks is not None  # ``of`` takes no ensemble without a condition
        return self._reached(leaf_masks)

    def _reached(self, left: Masks) -> Floats:
        """The values of the first leaves that are left, of the shape of ``left``, (…, trees)."""
        bits = np.bitwise_count((left & -left) - np.uint64(1))
        leaf_values: Floats = self._values.take(bits + self._first)
        return leaf_values


class _Tree:
    """The structure of one of treelite's trees."""

    def __init__(self, index: int, field: Any) -> None:
        self._index = index
        self._feature = field("split_index").tolist()
        self._threshold = field("threshold").astype(np.float64).tolist()
        self._nan_is_left = field("default_left").tolist()
        self._sign = field("cmp").tolist()
        self._children = list(zip(field("cleft").tolist(), field("cright").tolist(), strict=True))
        self._order = list(self._leaves_in_order())
        self.leaves = field("leaf_value").astype(np.float64)[self._order].tolist()
        """Values, from left to right."""
        self.fits = len(self.leaves) <= MAX_LEAVES and not field("has_categorical_split")[0]

    @property
    def conditions(self) -> Iterator[tuple[int, int, float]]:
        """Comparison, feature and threshold of all conditions."""
        whole = zip(self._children, self._sign, self._feature, self._threshold, strict=True)
        return ((sign, at, limit) for (left, _), sign, at, limit in whole if left >= 0)

    def nodes(self) -> Iterator[_Node]:
        """All conditions."""
        below = {leaf: 1 << bit for bit, leaf in enumerate(self._order)}
        for at in reversed(self._from_the_root()):
            left, right = self._children[at]
            if left < 0:
                continue
            below[at] = below[left] | below[right]
            yield _Node(
                self._index,
                self._feature[at],
                self._threshold[at],
                bool(self._nan_is_left[at]),
                below[left],
            )

    def _from_the_root(self) -> list[int]:
        """All nodes, each before its children, and those on the left first."""
        order, waiting = [], [0]
        while waiting:
            at = waiting.pop()
            order.append(at)
            left, right = self._children[at]
            if left >= 0:
                waiting += (right, left)
        return order

    def _leaves_in_order(self) -> Iterator[int]:
        return (at for at in self._from_the_root() if self._children[at][0] < 0)


def _by_feature(nodes: Sequence[_Node]) -> dict[int, list[_Node]]:
    by_feature: dict[int, list[_Node]] = defaultdict(list)
    for node in nodes:
        by_feature[node.feature].append(node)
    return by_feature


def _table(nodes: Sequence[_Node], thresholds: Sequence[float], trees: int) -> Masks:
    """The leaves that remain after the nodes of one feature, shape (thresholds + 2, trees).

    Row n: the conditions with the first n thresholds are false. The last row is that of NaN.
    """
    indices = {threshold: index for index, threshold in enumerate(thresholds, start=1)}
    table = np.full((len(thresholds) + 2, trees), ~np.uint64(0), np.uint64)
    for node in nodes:
        others = ~np.uint64(node.below)
        table[indices[node.threshold], node.tree] &= others
        if not node.nan_is_left:
            table[-1, node.tree] &= others
    np.bitwise_and.accumulate(table[:-1], axis=0, out=table[:-1])
    return table
