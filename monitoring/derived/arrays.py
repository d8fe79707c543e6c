"""Numbers derived from arrays of one shape: statistics of each, and its distance to a centroid."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

STEP = 65_536
"""Elements measured at once, which bounds the memory."""
MAX_POOLED = 1_024
"""Numbers of a centroid; larger arrays are reduced to means of consecutive elements."""


class ArrayCells:
    """Arrays of one column: ``block``, (n, *shape), and ``absent``, (n,), the null ones."""

    kind: Literal["array"] = "array"

    def __init__(self, block: npt.NDArray[Any], absent: Mask) -> None:
        self._flat = block.reshape(len(block), -1)
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
        """The number of each array, NaN for null; ``learned``: the centroid, for ``distance``."""
        if measure == "distance":
            found = self._distances(centroid_of(learned))
        else:
            found = self._statistics[measure].copy()
        found[self._absent] = np.nan
        return found

    def learn(self) -> str:
        """The mean of all arrays, pooled: float32 in base64."""
        total: Any = 0.0
        for rows in self._steps():
            pooled = _pooled(self._flat[rows])
            pooled[self._absent[rows]] = 0
            total = total + pooled.sum(axis=0)
        mean = total / max(1, int((~self._absent).sum()))
        return base64.b64encode(np.asarray(mean, "<f4").tobytes()).decode()

    @cached_property
    def _statistics(self) -> dict[str, Floats]:
        names = ("mean", "std", "norm", "zeros", "nonfinite")
        found = {name: np.empty(len(self._flat)) for name in names}
        for rows in self._steps():
            part, size = self._flat[rows].astype(np.float64), self._flat.shape[1]
            outside = 0.0
            if self._flat.dtype.kind == "f" and not (finite := np.isfinite(part)).all():
                part[~finite] = 0
                outside = size - finite.sum(axis=1)
            filled = np.maximum(size - outside, 1)
            with np.errstate(over="ignore", invalid="ignore"):
                mean = part.sum(axis=1) / filled
                found["mean"][rows] = mean
                found["norm"][rows] = np.sqrt(np.square(part).sum(axis=1))
                found["zeros"][rows] = (size - np.count_nonzero(part, axis=1) - outside) / size
                found["nonfinite"][rows] = outside / size
                part -= mean[:, None]
                if np.ndim(outside):
                    part[~finite] = 0
                np.square(part, out=part)
                found["std"][rows] = np.sqrt(part.sum(axis=1) / filled)
        return found

    def _distances(self, centroid: Floats) -> Floats:
        found = np.empty(len(self._flat))
        for rows in self._steps():
            apart = _pooled(self._flat[rows])
            if apart.shape[1] != len(centroid):
                raise ValueError(f"expected {len(centroid)} numbers, got {apart.shape[1]}")
            apart -= centroid
            with np.errstate(over="ignore"):
                found[rows] = np.sqrt(np.square(apart).sum(axis=1))
        return found

    def _steps(self) -> list[slice]:
        rows = max(1, STEP // max(1, self._flat.shape[1]))
        return [slice(start, start + rows) for start in range(0, len(self._flat), rows)]


@lru_cache(maxsize=64)
def centroid_of(learned: str) -> Floats:
    """The centroid that ``ArrayCells.learn`` wrote: shape (numbers,)."""
    return np.frombuffer(base64.b64decode(learned), "<f4").astype(np.float64)


def _pooled(flat: npt.NDArray[Any]) -> Floats:
    """At most ``MAX_POOLED`` means of consecutive elements: shape (n, numbers); not finite is 0."""
    part = flat.astype(np.float64)
    if flat.dtype.kind == "f":
        part[~np.isfinite(part)] = 0
    width = part.shape[1]
    if width <= MAX_POOLED:
        return part
    starts = np.arange(MAX_POOLED) * width // MAX_POOLED
    sizes = np.diff([*starts, width])
    return np.asarray(np.add.reduceat(part, starts, axis=1) / sizes)
