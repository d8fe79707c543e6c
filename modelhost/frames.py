"""Data frames from typed columns, in exactly the dtypes of training.

Differences between versions of pandas: before 3.0, text (``str``) is stored as Python objects;
before 2.0, times have nanoseconds only.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from modelhost.columns import NOT_A_TIME, ColumnSpec
from modelhost.errors import PackageError

_PANDAS_TEXT = 3
"""The first major version of pandas whose default dtype of text is ``str``."""
_PANDAS_UNITS = 2
"""The first one whose times may have another unit than nanoseconds."""


def keep_text_plain() -> None:
    """Store text as Python strings in this process, whether pyarrow is installed or not.

    Otherwise a model trained with pyarrow installed could contain arrays that need pyarrow to load.
    """
    import pandas as pd

    pd.set_option("mode.string_storage", "python")


class FrameBuilder:
    """Builds frames of given columns; prepare one and use it for many frames.

    Columns of objects are made together, and so are those of one extension dtype: of a few rows,
    what pandas does for each column takes most of the time.
    """

    def __init__(self, columns: Sequence[Any]) -> None:
        """``columns``: each with ``name``, ``kind``, ``dtype`` and ``categories``."""
        self._names = [column.name for column in columns]
        builders = [array_builder(column) for column in columns]
        self._objects: list[tuple[int, _ObjectColumn]] = []
        self._alike: dict[Any, list[int]] = {}
        self._alone: list[tuple[int, Callable[[Sequence[Any]], Any]]] = []
        for at, build in enumerate(builders):
            if isinstance(build, _ObjectColumn):
                self._objects.append((at, build))
            elif isinstance(build, _ExtensionColumn):
                self._alike.setdefault(build.dtype, []).append(at)
            else:
                self._alone.append((at, build))
        behind = [at for at, _ in self._objects]
        self._ordered = behind == [*range(len(columns))][len(columns) - len(behind) :]

    def frame(self, columns: Sequence[Any], rows: int) -> Any:
        """The ``pandas.DataFrame`` of these values; index 0 to ``rows`` - 1."""
        import pandas as pd

        index = pd.RangeIndex(rows)
        arrays = {at: build(columns[at]) for at, build in self._alone}
        for dtype, alike in self._alike.items():
            whole = pd.array([v for at in alike for v in _with_none(columns[at])], dtype=dtype)
            arrays.update((at, whole[n * rows : (n + 1) * rows]) for n, at in enumerate(alike))
        others = {self._names[at]: arrays[at] for at in sorted(arrays)}
        if not self._objects:
            return pd.DataFrame(others, index=index)
        cells = np.empty((len(self._objects), rows), object)
        for own, (at, column) in zip(cells, self._objects):
            own[:] = column.cells(columns[at])
        names = [self._names[at] for at, _ in self._objects]
        # With its dtype, because a frame would infer ``str``; a series for each takes longer.
        objects = pd.DataFrame(cells.T, index=index, columns=names, dtype=object)
        if not others:
            return objects
        joined = pd.concat([pd.DataFrame(others, index=index), objects], axis=1)
        return joined if self._ordered else joined.reindex(columns=self._names)


def array_builder(column: ColumnSpec | Any) -> Callable[[Sequence[Any]], Any]:
    """A function that makes the column's array of values: a list, None for null, or an array."""
    import pandas as pd

    if column.kind in ("array", "list"):
        return _cells
    if column.dtype.endswith("category"):
        return _category_builder(column)
    if column.kind in _PARSERS:
        return _ObjectColumn(_PARSERS[column.kind])
    if column.kind == "datetime":
        return _time_builder(column.dtype)
    if column.dtype == "object" or (column.dtype == "str" and _version() < _PANDAS_TEXT):
        return _ObjectColumn()
    if column.kind == "any":
        return lambda values: pd.Series(_with_nan(values))
    dtype = pd.api.types.pandas_dtype(column.dtype)
    if not isinstance(dtype, np.dtype):
        return _ExtensionColumn(dtype)
    if dtype.kind in "iu":
        return lambda values: _integers(values, dtype)
    if dtype.kind == "b":
        return lambda values: _booleans(values, dtype)
    return lambda values: _floats(values, dtype)


def _version() -> int:
    import pandas as pd

    return int(pd.__version__.split(".")[0])


def _time_builder(dtype: str) -> Callable[[Sequence[Any]], Any]:
    import pandas as pd

    unit, _, zone = dtype[len("datetime64[") : -1].partition(", ")
    nanoseconds = unit != "ns" and _version() < _PANDAS_UNITS

    def make(values: Sequence[Any]) -> Any:
        if isinstance(values, np.ndarray):
            ticks = values.astype(np.int64)
        else:
            ticks = np.array([NOT_A_TIME if v is None else v for v in values], np.int64)
        times: Any = ticks.view(f"M8[{unit}]")
        if nanoseconds:
            times = _in_nanoseconds(times)
        return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone) if zone else times

    return make


def _in_nanoseconds(times: Any) -> Any:
    nanoseconds = times.astype("M8[ns]")
    if not ((nanoseconds.astype(times.dtype) == times) | np.isnat(times)).all():
        raise PackageError(
            "a time is outside 1677 to 2262, which this project's version of pandas can't hold",
            "require pandas>=2, or leave such rows out",
        )
    return nanoseconds


def _category_builder(column: Any) -> Callable[[Sequence[Any]], Any]:
    """Values outside the categories become null, because a categorical can't hold them.

    An integer array holds codes.
    """
    import pandas as pd

    if column.categories is None:
        return lambda values: pd.Categorical(_with_nan(values))
    categories = list(column.categories)
    codes = {value: code for code, value in enumerate(categories)}
    dtype = pd.CategoricalDtype(categories, ordered=column.dtype.startswith("ordered"))

    def make(values: Sequence[Any]) -> Any:
        if isinstance(values, np.ndarray):
            return pd.Categorical.from_codes(values, dtype=dtype)
        category_codes = np.array([codes.get(value, -1) for value in values], np.intp)
        return pd.Categorical.from_codes(category_codes, dtype=dtype)

    return make


def _integers(values: Sequence[Any], dtype: Any) -> Any:
    if isinstance(values, np.ndarray):
        return values.astype(dtype)
    if None not in values:
        return np.array(values, dtype)
    return np.array(_with_nan(values), np.float64)


def _floats(values: Sequence[Any], dtype: Any) -> Any:
    if isinstance(values, np.ndarray):
        return values.astype(dtype)
    return np.array(_with_nan(values), dtype)


def _booleans(values: Sequence[Any], dtype: Any) -> Any:
    if isinstance(values, np.ndarray):
        return values.astype(dtype)
    return _ObjectColumn()(values) if None in values else np.array(values, dtype)


class _ObjectColumn:
    """A column of Python objects."""

    def __init__(self, parse: Callable[[str], Any] | None = None) -> None:
        """``parse``: makes the objects of values that are sent as text."""
        self._parse = parse

    def __call__(self, values: Sequence[Any]) -> Any:
        """The column; null is NaN."""
        import pandas as pd

        array = np.empty(len(values), object)
        array[:] = self.cells(values)
        return pd.Series(array, dtype=object)  # of an array, a frame would infer ``str``

    def cells(self, values: Sequence[Any]) -> list[Any]:
        """The objects; null is NaN."""
        objects: list[Any] = _with_nan(values)
        if self._parse is None:
            return objects
        return [self._parse(value) if isinstance(value, str) else value for value in objects]


class _ExtensionColumn:
    """A column of one of pandas' own dtypes."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def __call__(self, values: Sequence[Any]) -> Any:
        """The array."""
        import pandas as pd

        return pd.array(_with_none(values), dtype=self.dtype)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "decimal": Decimal,
}
"""Kind → parser of its text."""


def _cells(values: Sequence[Any]) -> Any:
    """Lists, or read-only views of one block, as objects; not a series, which takes 30 µs more."""
    if isinstance(values, np.ndarray):
        values = values.view()
        values.flags.writeable = False
    cells = np.empty(len(values), object)
    for row, value in enumerate(values):
        cells[row] = math.nan if value is None else value
    return cells


def _with_nan(values: Iterable[Any]) -> Any:
    if isinstance(values, np.ndarray):
        return values.tolist()
    return [math.nan if value is None else value for value in values]


def _with_none(values: Iterable[Any]) -> list[Any]:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    return [None if value is None or value != value else value for value in values]
