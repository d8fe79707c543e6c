"""The columns of a frame of a few rows as lists for a message, without the cost of a series each.

They are read from the blocks in which pandas stores them; without these parts of pandas, or where a
value needs a conversion or a closer look, :mod:`modelhost.solution.member_input` reads the frame.
"""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from modelhost.columns import ColumnSpec
from modelhost.solution.spec import MemberSpec

MAX_ROWS = 128
"""Up to this many rows, lists in JSON are faster than a series and buffers for each column."""
MAX_DTYPES = 64
"""Categorical dtypes whose categories are remembered."""

Reader = Callable[[List[Any]], Optional[List[Any]]]
"""Makes a feature's values of a column's; None if it can't."""
Layout = List[Tuple[str, List[int]]]
"""NumPy's kind of each block, and the frame's columns that it stores."""


class Plan(NamedTuple):
    """Plan by which the features are read from frames of one layout."""

    order: Sequence[int]
    """The place of each feature among the columns, in the order of the blocks."""
    readers: Sequence[tuple[int, Reader]]
    """Features whose values aren't taken over as they are, with what reads them."""


class FewRows:
    """Reads the features of one member."""

    def __init__(self, member: MemberSpec) -> None:
        self._names = [spec.name for spec in member.features]
        self._readers = [_readers(spec) for spec in member.features]
        self._index: Any = None
        self._known: list[str] = []
        self._is_whole = False
        """Whether the frame has each feature, and no two columns of a name."""
        self._layout: Layout = []
        """The layout of the last frame, which ``_plan`` is for."""
        self._plan: Plan | None = None
        self._categories: dict[int, tuple[Any, list[Any]]] = {}

    def values(self, frame: Any, rows: int) -> list[Any] | None:
        """Each feature's values, None for null; None for a frame that isn't as simple as that.

        A null of a float column is NaN.
        """
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
            distinct = {*names}
            self._is_whole = len(distinct) == len(names) and distinct.issuperset(self._names)
            self._known, self._layout = names, []
        self._index = index

    def _read(self, blocks: Any) -> list[Any] | None:
        layout, columns = [], []
        for block in blocks:
            kind, lists = self._block(block.values)
            layout.append((kind, block.mgr_locs.as_array.tolist()))
            columns += lists
        if layout != self._layout:
            self._plan, self._layout = self._planned(layout), layout
        if self._plan is None:
            return None
        ordered = [columns[place] for place in self._plan.order]
        for feature, read in self._plan.readers:
            values = read(ordered[feature])
            if values is None:
                return None
            ordered[feature] = values
        return ordered

    def _planned(self, layout: Layout) -> Plan | None:
        """Plan by which features are read from such blocks; None if that takes a conversion."""
        stored = [(self._known[column], kind) for kind, columns in layout for column in columns]
        places = {name: place for place, (name, _) in enumerate(stored)}
        order = [places[name] for name in self._names]
        readers = []
        for feature, place in enumerate(order):
            kind = stored[place][1]
            if kind not in self._readers[feature]:
                return None
            reader = self._readers[feature][kind]
            if reader is not None:
                readers.append((feature, reader))
        return Plan(order, readers)

    def _block(self, values: Any) -> tuple[str, list[list[Any]]]:
        """NumPy's kind of the dtype (``O`` also of categories), and the values of each column."""
        if type(values) is np.ndarray:
            return values.dtype.kind, values.tolist()
        if values.ndim > 1:
            return "?", [[] for _ in values]
        inner = values._ndarray  # of text and codes; times and periods have one of numbers, too
        if inner.dtype.kind == "O":
            return "O", [inner.tolist()]
        dtype = values.dtype
        known = self._categories.get(id(dtype)) or self._known_categories(dtype)
        if known is None:
            return "?", [[]]
        labels = known[1]
        return "O", [[None if code < 0 else labels[code] for code in inner.tolist()]]

    def _known_categories(self, dtype: Any) -> tuple[Any, list[Any]] | None:
        """A categorical dtype and its values; None for another dtype."""
        if not hasattr(dtype, "categories"):
            return None
        if len(self._categories) >= MAX_DTYPES:
            self._categories.clear()
        entry = self._categories[id(dtype)] = (dtype, dtype.categories.tolist())
        return entry


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


_READERS: Mapping[str, Mapping[str, Reader | None]] = {
    "number": {"f": _without_nan, "i": None},
    "integer": {"i": None},
    "boolean": {"b": None},
    "string": {"O": _texts},
}
"""Kind of a feature → NumPy's kind of a block → its reader; without one, values are taken over."""
_FLOATS: Mapping[str, Reader | None] = {"f": None, "i": None}
"""The same for numbers that the member's frame holds as floats: NaN stays NaN."""


def _readers(spec: ColumnSpec) -> Mapping[str, Reader | None]:
    if spec.kind == "number" and spec.dtype.startswith("float"):
        return _FLOATS
    if spec.kind == "string" or not spec.dtype.endswith("category"):
        return _READERS.get(spec.kind, {})
    return {}
