"""Numbers derived from arrays of one shape: statistics of each, and its distance to a centroid."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monitoring.derived.clusters import MAX_LEARNED, centres_of, evenly, nearest_distances

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

STEP = 65_536
"""Elements measured at once, which bounds the memory."""
MAX_POOLED = 1_024
"""Numbers of a centroid; larger arrays are reduced to means of consecutive elements."""
MAX_POINT = 128
"""Numbers of a centre of clusters, of which there are several."""


class ArrayCells:
    """Arrays of one column: ``block``, (n, *shape), and ``absent``, (n,), the null ones."""

    kind: Literal["array"] = "array"

    def __init__(self, block: npt.NDArray[Any], absent: Mask) -> None:
        self._flat = block.reshape(len(block), math.prod(block.shape[1:]))
        self._absent = absent

    @property
    def may_be_infinite(self) -> bool:
        """Whether the element type has values that are not finite."""
        return self._flat.dtype.kind == "f"

    @classmethod
    def of(cls, values: Sequence[Any] | npt.NDArray[Any]) -> ArrayCells:
        """From arrays of one shape, None for null."""
        if isinstance(values, np.ndarray) and values.dtype != object:
            return cls(values, np.zeros(len(values), np.bool_))
        absent = np.array([value is None for value in values], np.bool_)
        present = [value for value in values if value is not None]
        block = np.zeros((len(values), *present[0].shape), present[0].dtype)
        block[~absent] = present
        return cls(block, absent)

    def measured(self, measure: str, learned: str) -> Floats:
        """The number of each array, NaN for null.

        ``learned``: the centroid, for ``distance``, or the centres, for ``nearest``.
        """
        if measure == "distance":
            numbers = self._distances(centroid_of(learned))
        elif measure == "nearest":
            numbers = self._nearest(learned_centres(learned))
        else:
            numbers = self._statistics[measure].copy()
        numbers[self._absent] = np.nan
        return numbers

    def learn(self) -> str:
        """The mean of all arrays, pooled: float32 in base64."""
        total: Any = 0.0
        for rows in self._steps():
            part = pooled(self._flat[rows], MAX_POOLED)
            part[self._absent[rows]] = 0
            total = total + part.sum(axis=0)
        mean = total / max(1, int((~self._absent).sum()))
        return _encoded(mean)

    def learn_nearest(self) -> tuple[str, Floats]:
        """The centres of clusters of half of the arrays, and the distances of the others to them.

        The distances, NaN for null, are those of arrays that the centres were not learned from.
        There is at least one array.
        """
        half = np.flatnonzero(~self._absent)[::2]
        learned = self._centres(half)
        others = np.ones(len(self._flat), np.bool_)
        others[half] = False
        return learned, ArrayCells(self._flat[others], self._absent[others]).measured(
            "nearest", learned
        )

    def centres(self) -> str:
        """The centres of clusters of all arrays, for ``nearest``; there is at least one array."""
        return self._centres(np.flatnonzero(~self._absent))

    def _centres(self, rows: npt.NDArray[np.intp]) -> str:
        centres = centres_of(pooled(self._flat[rows[evenly(len(rows), MAX_LEARNED)]], MAX_POINT))
        return f"{centres.shape[1]}:{_encoded(centres)}"

    @cached_property
    def _statistics(self) -> dict[str, Floats]:
        names = ("mean", "std", "norm", "zeros", "nonfinite")
        statistics = {name: np.empty(len(self._flat)) for name in names}
        for rows in self._steps():
            part, size = self._flat[rows].astype(np.float64), self._flat.shape[1]
            outside = 0.0
            if self._flat.dtype.kind == "f" and not (finite := np.isfinite(part)).all():
                part[~finite] = 0
                outside = size - finite.sum(axis=1)
            filled = np.maximum(size - outside, 1)
            with np.errstate(over="ignore", invalid="ignore"):
                mean = part.sum(axis=1) / filled
                statistics["mean"][rows] = mean
                statistics["norm"][rows] = np.sqrt(np.square(part).sum(axis=1))
                statistics["zeros"][rows] = (size - np.count_nonzero(part, axis=1) - outside) / size
                statistics["nonfinite"][rows] = outside / size
                part -= mean[:, None]
                if np.ndim(outside):
                    part[~finite] = 0
                np.square(part, out=part)
                statistics["std"][rows] = np.sqrt(part.sum(axis=1) / filled)
        return statistics

    def _distances(self, centroid: Floats) -> Floats:
        distances = np.empty(len(self._flat))
        for rows in self._steps():
            apart = pooled(self._flat[rows], MAX_POOLED)
            if apart.shape[1] != len(centroid):
                raise ValueError(f"expected {len(centroid)} numbers, got {apart.shape[1]}")
            apart -= centroid
            with np.errstate(over="ignore"):
                distances[rows] = np.sqrt(np.square(apart).sum(axis=1))
        return distances

    def _nearest(self, centres: Floats) -> Floats:
        """NaN for arrays of another size than those that the centres were learned from."""
        distances = np.full(len(self._flat), np.nan)
        for rows in self._steps():
            points = pooled(self._flat[rows], MAX_POINT)
            if points.shape[1] == centres.shape[1]:
                distances[rows] = nearest_distances(points, centres)
        return distances

    def _steps(self) -> list[slice]:
        rows = max(1, STEP // max(1, self._flat.shape[1]))
        return [slice(start, start + rows) for start in range(0, len(self._flat), rows)]


@lru_cache(maxsize=64)
def centroid_of(learned: str) -> Floats:
    """The centroid that ``ArrayCells.learn`` wrote: shape (numbers,)."""
    return np.frombuffer(base64.b64decode(learned), "<f4").astype(np.float64)


@lru_cache(maxsize=64)
def learned_centres(learned: str) -> Floats:
    """The centres that ``ArrayCells.learn_nearest`` wrote: shape (centres, numbers)."""
    width, _, encoded = learned.partition(":")
    return centroid_of(encoded).reshape(-1, int(width))


def _encoded(numbers: Any) -> str:
    """As float32 in base64."""
    return base64.b64encode(np.asarray(numbers, "<f4").tobytes()).decode()


def pooled(flat: npt.NDArray[Any], most: int) -> Floats:
    """At most ``most`` means of consecutive elements: shape (n, numbers); not finite is 0."""
    part = flat.astype(np.float64)
    if flat.dtype.kind == "f":
        part[~np.isfinite(part)] = 0
    width = part.shape[1]
    if width <= most:
        return part
    starts = np.arange(most) * width // most
    sizes = np.diff([*starts, width])
    return np.asarray(np.add.reduceat(part, starts, axis=1) / sizes)
