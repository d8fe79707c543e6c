"""Counts values by the bins of a profile, with one NumPy call per kind of column."""

from __future__ import annotations

import itertools
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays, ColumnLayout
from monitoring.derived.lists import MAX_MEMBERS
from monitoring.derived.measures import COSTLY, Cells, as_values, cells_of
from monitoring.derived.texts import MAX_CHARACTERS
from monitoring.profile.profile import FeatureProfile
from monitoring.slices.clock import DatetimeUnit

MAX_DECODED = 8
"""Images decoded of one batch, evenly spaced: each may take milliseconds."""
MAX_MEASURED = 1_000_000
"""Cost of the cells of a column that are measured of one batch, in elements of an array: some
ten milliseconds."""

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Numbers:
    """A column counted by intervals."""

    column: int
    edges: Floats
    """Followed by a NaN edge, so that NaN and null fall after all bins."""
    scale: float
    """Factor from values to the unit of the edges."""
    first: int
    """The index of its first bin in the common array of counts."""


@dataclass(frozen=True)
class _Texts:
    """A column counted by categories."""

    column: int
    places: Mapping[Any, int]
    """Value → index of its bin in the common array of counts."""
    rest: int
    """The index for other values; after the bins if there is no ``other``."""


class BinCounts:
    """Counts of the values of several columns."""

    def __init__(
        self, features: Iterable[tuple[int, FeatureProfile]], clocks: Mapping[str, DatetimeUnit]
    ) -> None:
        """``features``: column index and bins of each; ``clocks``: units of datetimes, by name.

        Values are plain: None for null; numbers, and ticks for times, for intervals; text and
        booleans for categories. Of columns whose derived numbers are counted they are arrays,
        bytes, lists or text; of large batches, evenly spaced rows are measured.
        """
        features = [*features]
        self._width = max((column + 1 for column, _ in features), default=0)
        self._derived = [pair for pair in features if pair[1].measure is not None]
        places = itertools.count(self._width)
        features = [(next(places) if f.measure else at, f) for at, f in features]
        self._slices: dict[str, slice] = {}
        self._numbers: list[_Numbers] = []
        self._texts: list[_Texts] = []
        first = 0
        for column, feature in features:
            behind = first + len(feature.bins)
            self._slices[feature.name] = slice(first, behind)
            if feature.kind == "categorical":
                self._texts.append(_texts(column, feature, first, behind))
            else:
                self._numbers.append(_numbers(column, feature, first, clocks.get(feature.name)))
            first = behind + 1
        self._scales = np.array([[n.scale] for n in self._numbers])
        self._firsts = np.array([[n.first] for n in self._numbers], np.intp)
        self._counts = np.zeros(first, np.int64)
        self._layout: ColumnLayout | None = None

    def add(self, columns: Sequence[Sequence[Any] | Floats]) -> None:
        """Count the values of each column."""
        if self._derived:
            columns = [*columns[: self._width], *self._measured(columns)]
        if self._numbers:
            values = np.array([columns[n.column] for n in self._numbers], np.float64)  # None: NaN
            values *= self._scales
            places = np.empty(values.shape, np.intp)
            for numbers, own, found in zip(self._numbers, values, places, strict=True):
                found[:] = numbers.edges.searchsorted(own, side="right")
            self._count(places + self._firsts)
        for texts in self._texts:
            for value, times in Tally(columns[texts.column]).items():
                self._counts[texts.places.get(value, texts.rest)] += times

    def _measured(self, columns: Sequence[Sequence[Any] | Floats]) -> Iterator[list[Any]]:
        """The derived values of each derived feature, in order; None for rows left out."""
        cells: dict[tuple[int, bool], tuple[range, Cells | None]] = {}
        for column, feature in self._derived:
            assert feature.measure is not None
            values, costly = columns[column], feature.measure in COSTLY
            if (column, costly) not in cells:
                places = _measured_places(values, costly)
                some = values if len(places) == len(values) else [values[at] for at in places]
                cells[column, costly] = places, cells_of(some)
            places, found = cells[column, costly]
            derived: list[Any] = [None] * len(values)
            if found is not None:
                own = as_values(found.measured(feature.measure, feature.learned))
                derived[places.start : places.stop : places.step] = own
            yield derived

    def takes(self, layout: ColumnLayout) -> bool:
        """Whether all columns are in arrays of this layout: what is measured isn't."""
        if self._derived:
            return False
        if layout is not self._layout:
            codes = {texts.column: texts for texts in self._texts}
            behind = len(self._counts)

            def place(column: int, value: Any) -> int:
                texts = codes.get(column)
                return behind if texts is None else texts.places.get(value, texts.rest)

            self._takes = len(codes) == len(self._texts) and (
                layout.categories.keys() >= codes.keys()
                and all(numbers.column in layout.numbers for numbers in self._numbers)
            )
            self._code_places = layout.translated(place)
            self._rows = [layout.numbers.get(numbers.column, 0) for numbers in self._numbers]
            self._layout = layout
        return self._takes

    def add_arrays(self, arrays: ColumnArrays) -> None:
        """Count the values of each column, as ``add``; only of a layout that it ``takes``."""
        places = np.empty((len(self._rows), arrays.numbers.shape[1]), np.intp)
        for numbers, row, found in zip(self._numbers, self._rows, places, strict=True):
            own = arrays.numbers[row] * numbers.scale
            found[:] = numbers.edges.searchsorted(own, side="right")
        if len(places):
            self._count(places + self._firsts)
        self._count(self._code_places[arrays.codes])

    def drain(self) -> Iterator[tuple[str, list[int]]]:
        """Yield each feature with values and its counts by bin; reset the counts."""
        counts, self._counts = self._counts, np.zeros_like(self._counts)
        for name, own in self._slices.items():
            if counts[own].any():
                yield name, counts[own].tolist()

    def _count(self, places: Indices) -> None:
        counts = np.bincount(places.ravel(), minlength=len(self._counts))
        self._counts += counts[: len(self._counts)]


def _measured_places(values: Sequence[Any] | Floats, costly: bool) -> range:
    """The positions of the values to measure: all, or as many as the limits allow."""
    size = sum(map(_cost_of, values[:100])) / max(1, min(100, len(values)))
    most = MAX_DECODED if costly else max(1, int(MAX_MEASURED / max(1.0, size)))
    return range(0, len(values), max(1, -(-len(values) // most)))


def size_of(value: Any) -> int:
    """Elements of an array, bytes, members of a list, or characters; 1 for anything else."""
    if isinstance(value, np.ndarray):
        return value.size
    return len(value) if isinstance(value, bytes | list | str) else 1


def _cost_of(value: Any) -> int:
    """The time that measuring takes, in elements of an array (some six nanoseconds)."""
    if isinstance(value, str):
        return 20 * min(len(value), MAX_CHARACTERS)
    if isinstance(value, list):
        return 50 * min(len(value), MAX_MEMBERS)
    return 200 if isinstance(value, bytes) else size_of(value)


def _numbers(
    column: int, feature: FeatureProfile, first: int, clock: DatetimeUnit | None
) -> _Numbers:
    edges = np.array([*feature.edges, np.nan], np.float64)
    return _Numbers(column, edges, clock.nanoseconds if clock else 1, first)


def _texts(column: int, feature: FeatureProfile, first: int, none: int) -> _Texts:
    known: dict[Any, int] = {text: first + at for at, text in enumerate(feature.categories)}
    rest = first + len(known)  # ``other``, or no bin
    flags = {flag: known.get(str(flag), rest) for flag in (True, False)}
    return _Texts(column, {**known, **flags, None: none}, rest)
