"""The columns of a frame of a few rows as lists for a message, without the cost of a series each.

They are read from the blocks in which pandas stores them; without these parts of pandas, or where a
value needs a conversion or a closer look, :mod:`modelhost.solution.member_input` reads the frame.
"""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Tuple

import numpy as np

from modelhost.solution.spec import MemberSpec

MAX_ROWS = 128
"""Up to this many rows, lists in JSON are faster than a series and buffers for each column."""
MAX_DTYPES = 64
"""Categorical dtypes whose categories are remembered."""

Reader = Callable[[List[Any]], Optional[List[Any]]]
"""Makes a feature's values of a column's; None if it can't."""
Slot = Tuple[int, Optional[Reader]]
"""The place of a column among the features, and its reader; without one, values are taken over."""


class FewRows:
    """Reads the features of one member."""

    def __init__(self, member: MemberSpec) -> None:
        self._names = [spec.name for spec in member.features]
        self._readers = [
            _READERS.get(spec.kind, {})
            if spec.kind == "string" or not spec.dtype.endswith("category")
            else {}
            for spec in member.features
        ]
        self._index: Any = None
        self._known: list[str] = []
        self._is_whole = False
        """Whether the frame has each feature, and no two columns of a name."""
        self._plans: dict[str, list[Slot | None]] = {}
        """NumPy's kind of a block → what to do with each of the frame's columns."""
        self._categories: dict[int, tuple[Any, list[Any]]] = {}

    def values(self, frame: Any, rows: int) -> list[Any] | None:
        """Each feature's values, None for null; None for a frame that isn't as simple as that."""
        if rows > MAX_ROWS:
            return None
        try:
            index, blocks = frame.columns, frame._mgr.blocks
            if index is not self._index:  # an index of pandas doesn't change
                self._read_names(index)
            return self._read(blocks) if self._is_whole else None
        except (AttributeError, IndexError):  # no frame, or one of another version of pandas
            return None

    def _read_names(self, index: Any) -> None:
        names = index.tolist()
        if names != self._known:
            found = {*names}
            self._is_whole = len(found) == len(names) and found.issuperset(self._names)
            self._known, self._plans = names, {}
        self._index = index

    def _plan(self, kind: str) -> list[Slot | None]:
        wanted = {name: index for index, name in enumerate(self._names)}
        plan: list[Slot | None] = [None] * len(self._known)
        for column, name in enumerate(self._known):
            if name in wanted:
                plan[column] = wanted[name], self._readers[wanted[name]].get(kind, _unknown)
        self._plans[kind] = plan
        return plan

    def _read(self, blocks: Any) -> list[Any] | None:
        made: list[Any] = [None] * len(self._names)
        for block in blocks:
            kind, lists = self._block(block.values)
            plan = self._plans.get(kind) or self._plan(kind)
            for index, values in zip(block.mgr_locs.as_array.tolist(), lists):
                slot = plan[index]
                if slot is not None:
                    at, read = slot
                    made[at] = values if read is None else read(values)
        return None if None in made else made

    def _block(self, values: Any) -> tuple[str, list[list[Any]]]:
        """NumPy's kind of the dtype (``O`` also of categories), and the values of each column."""
        if type(values) is np.ndarray:
            return values.dtype.kind, values.tolist()
        if hasattr(values, "codes"):
            return "O", [self._labels(values)]
        if values.ndim > 1:
            return "?", [[] for _ in values]
        inner = values._ndarray  # of text; times and periods have one of numbers, too
        return "O" if inner.dtype.kind == "O" else "?", [inner.tolist()]

    def _labels(self, array: Any) -> list[Any]:
        """The values of categories."""
        dtype = array.dtype
        known = self._categories.get(id(dtype))
        if known is None:
            if len(self._categories) >= MAX_DTYPES:
                self._categories.clear()
            known = self._categories[id(dtype)] = (dtype, dtype.categories.tolist())
        return [None if code < 0 else known[1][code] for code in array.codes.tolist()]


def _without_nan(values: list[Any]) -> list[Any]:
    return [value if value == value else None for value in values]


def _texts(values: list[Any]) -> list[Any] | None:
    for value in values:
        if type(value) is not str:
            break
    else:
        return values
    if all(type(v) is str or v is None or (type(v) is float and v != v) for v in values):
        return [value if type(value) is str else None for value in values]
    return None


def _unknown(_values: list[Any]) -> None:
    return None


_READERS: Mapping[str, Mapping[str, Reader | None]] = {
    "number": {"f": _without_nan, "i": None},
    "integer": {"i": None},
    "boolean": {"b": None},
    "string": {"O": _texts},
}
"""Kind of a feature → NumPy's kind of a block → its reader."""
