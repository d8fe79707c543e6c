"""The columns of a frame of a few rows as lists for a message, without the cost of a series each.

They are read from the blocks in which pandas stores them; without these parts of pandas, or where a
value needs a conversion or a closer look, :mod:`modelhost.solution.member_input` reads the frame.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

import numpy as np

from modelhost.solution.spec import MemberSpec

MAX_ROWS = 128
"""Up to this many rows, lists in JSON are faster than a series and buffers for each column."""
MAX_DTYPES = 64
"""Categorical dtypes whose categories are remembered."""


class FewRows:
    """Reads the features of one member."""

    def __init__(self, member: MemberSpec) -> None:
        self._names = [spec.name for spec in member.features]
        self._readers = [
            _READERS.get(spec.kind, _unknown)
            if spec.kind == "string" or not spec.dtype.endswith("category")
            else _unknown
            for spec in member.features
        ]
        self._known: list[str] = []
        self._places: list[int] | None = None
        self._categories: dict[int, tuple[Any, list[Any]]] = {}

    def values(self, frame: Any, rows: int) -> list[list[Any]] | None:
        """Each feature's values, None for null; None for a frame that isn't as simple as that."""
        if rows > MAX_ROWS:
            return None
        try:
            columns = self._columns(frame)
            names = frame.columns.tolist()
        except AttributeError:  # no frame, or one of another version of pandas
            return None
        if names != self._known:
            self._known, self._places = names, self._places_in(names)
        if self._places is None or len(columns) != len(names):
            return None
        made = []
        for place, read in zip(self._places, self._readers):
            kind, values = columns[place]
            found = read(kind, values)
            if found is None:
                return None
            made.append(found)
        return made

    def _places_in(self, names: list[str]) -> list[int] | None:
        """The positions of the features; None if one is absent, or there are two of a name."""
        found = {name: place for place, name in enumerate(names)}
        if len(found) < len(names) or not all(name in found for name in self._names):
            return None
        return [found[name] for name in self._names]

    def _columns(self, frame: Any) -> dict[int, tuple[str, list[Any]]]:
        """Position → NumPy's kind of the dtype (``O`` also of categories), and values."""
        found: dict[int, tuple[str, list[Any]]] = {}
        for block in frame._mgr.blocks:
            values = block.values
            places = block.mgr_locs.as_array.tolist()
            if type(values) is np.ndarray:
                for place, listed in zip(places, values.tolist()):
                    found[place] = values.dtype.kind, listed
            elif hasattr(values, "codes"):
                found[places[0]] = "O", self._labels(values)
            elif len(places) == 1:
                inner = values._ndarray  # of text; times and periods have one of numbers, too
                found[places[0]] = "O" if inner.dtype.kind == "O" else "?", inner.tolist()
            else:
                found.update((place, ("?", [])) for place in places)
        return found

    def _labels(self, array: Any) -> list[Any]:
        """The values of categories."""
        dtype = array.dtype
        known = self._categories.get(id(dtype))
        if known is None:
            if len(self._categories) >= MAX_DTYPES:
                self._categories.clear()
            known = self._categories[id(dtype)] = (dtype, dtype.categories.tolist())
        return [None if code < 0 else known[1][code] for code in array.codes.tolist()]


def _numbers(kind: str, values: list[Any]) -> list[Any] | None:
    if kind == "f":
        return [value if value == value else None for value in values]
    return values if kind == "i" else None


def _integers(kind: str, values: list[Any]) -> list[Any] | None:
    return values if kind == "i" else None


def _booleans(kind: str, values: list[Any]) -> list[Any] | None:
    return values if kind == "b" else None


def _texts(kind: str, values: list[Any]) -> list[Any] | None:
    if kind != "O":
        return None
    for value in values:
        if type(value) is not str:
            break
    else:
        return values
    if all(type(v) is str or v is None or (type(v) is float and v != v) for v in values):
        return [value if type(value) is str else None for value in values]
    return None


def _unknown(_kind: str, _values: list[Any]) -> None:
    return None


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "number": _numbers,
    "integer": _integers,
    "boolean": _booleans,
    "string": _texts,
}
