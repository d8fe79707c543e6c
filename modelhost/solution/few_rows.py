"""The columns of a frame of a few rows as lists for a message, without the cost of a series each.

What needs a conversion or a closer look is left to :mod:`modelhost.solution.member_input`.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from modelhost.columns import MAX_INLINE_ROWS
from modelhost.solution.spec import MemberSpec

MAX_DTYPES = 64
"""Categorical dtypes whose categories are remembered."""


class FewRows:
    """Reads the features of one member."""

    def __init__(self, member: MemberSpec) -> None:
        self._names = [spec.name for spec in member.features]
        self._kinds = [
            spec.kind
            if spec.kind == "string" or not spec.dtype.endswith("category")
            else "categories"
            for spec in member.features
        ]
        self._known: list[str] = []
        self._places: list[int] | None = None
        self._categories: dict[int, tuple[Any, list[Any]]] = {}

    def values(self, frame: Any, rows: int) -> list[list[Any]] | None:
        """Each feature's values, None for null; None for a frame that isn't as simple as that."""
        column = getattr(frame, "_get_column_array", None)  # without it, frames are read as large
        if rows > MAX_INLINE_ROWS or column is None:
            return None
        places = self._places_in(frame)
        if places is None:
            return None
        made = []
        for place, kind in zip(places, self._kinds):
            read = _READERS.get(kind)
            values = None if read is None else read(self, column(place))
            if values is None:
                return None
            made.append(values)
        return made

    def _places_in(self, frame: Any) -> list[int] | None:
        """The positions of the features; None if one is absent, or there are two of a name."""
        names = frame.columns.tolist()
        if names != self._known:
            found = {name: place for place, name in enumerate(names)}
            whole = len(found) == len(names) and all(name in found for name in self._names)
            self._known = names
            self._places = [found[name] for name in self._names] if whole else None
        return self._places

    def numbers(self, array: Any) -> list[Any] | None:
        """Of float64 or integers."""
        if type(array) is not np.ndarray or array.dtype.kind not in "fi":
            return None
        values = array.tolist()
        return values if array.dtype.kind == "i" else [None if v != v else v for v in values]

    def integers(self, array: Any) -> list[Any] | None:
        """Of integers without null."""
        if type(array) is not np.ndarray or array.dtype.kind != "i":
            return None
        return array.tolist()  # type: ignore[no-any-return]

    def booleans(self, array: Any) -> list[Any] | None:
        """Of booleans without null."""
        if type(array) is not np.ndarray or array.dtype.kind != "b":
            return None
        return array.tolist()  # type: ignore[no-any-return]

    def texts(self, array: Any) -> list[Any] | None:
        """Of text, or of categories that are text."""
        values = self._listed(array)
        if values is None:
            return None
        if all(type(value) is str for value in values):
            return values
        if all(type(v) is str or v is None or (type(v) is float and v != v) for v in values):
            return [value if type(value) is str else None for value in values]
        return None

    def _listed(self, array: Any) -> list[Any] | None:
        """The values of an array of objects, of text, or of categories."""
        codes = getattr(array, "codes", None)
        if codes is None:
            inner = getattr(array, "_ndarray", array)
            if type(inner) is not np.ndarray or inner.dtype.kind != "O":
                return None
            return inner.tolist()  # type: ignore[no-any-return]
        known = self._known_categories(array.dtype)
        return [None if code < 0 else known[code] for code in codes.tolist()]

    def _known_categories(self, dtype: Any) -> list[Any]:
        found = self._categories.get(id(dtype))
        if found is None:
            if len(self._categories) >= MAX_DTYPES:
                self._categories.clear()
            found = self._categories[id(dtype)] = (dtype, dtype.categories.tolist())
        return found[1]


_READERS: dict[str, Callable[[FewRows, Any], Any]] = {
    "number": FewRows.numbers,
    "integer": FewRows.integers,
    "boolean": FewRows.booleans,
    "string": FewRows.texts,
}
