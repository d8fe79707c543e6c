"""Canonical values of whole columns, and the mixing of them, in numpy; see ``canonical.py``.

Numbers are converted block by block into a buffer that fits into the processor's cache; other
columns are converted at once, because their values are looked up among the distinct ones.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data import canonical
from packager.data.array_column import ArrayColumn, ArrayDtype
from packager.data.array_values import hash_arrays
from packager.data.column_hashes import Bits, ColumnHashes
from packager.data.list_values import number_lists
from packager.data.text_columns import (
    TextColumn,
    arrow_codes,
    arrow_texts,
    dictionary_encode,
    python_texts,
)
from packager.errors import UsageError
from packager.manifest.base import MAX_EXACT_INTEGER

_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mix_into(bits: Bits, spare: Bits) -> None:
    """``canonical.mix`` of every value, in place; ``spare`` is a buffer of the same size."""
    np.right_shift(bits, _S30, out=spare)
    np.bitwise_xor(bits, spare, out=bits)
    np.multiply(bits, _M1, out=bits)
    np.right_shift(bits, _S27, out=spare)
    np.bitwise_xor(bits, spare, out=bits)
    np.multiply(bits, _M2, out=bits)
    np.right_shift(bits, _S31, out=spare)
    np.bitwise_xor(bits, spare, out=bits)


def hash_columns(series: pd.Series[Any], name: str) -> ColumnHashes:
    """The cells of a column; ``UsageError`` for values that dfp/1 has no rule for."""
    dtype: Any = series.dtype
    if isinstance(dtype, ArrayDtype):
        return _arrays(cast(ArrayColumn, series.array), name)
    if isinstance(dtype, pd.CategoricalDtype):
        return _category(series, name)
    if isinstance(dtype, pd.SparseDtype):
        return hash_columns(pd.Series(np.asarray(series)), name)
    if isinstance(dtype, pd.StringDtype):
        if dtype.storage == "pyarrow":
            return _arrow(series)
        return _objects(series.to_numpy(dtype=object), name)
    if isinstance(dtype, np.dtype):
        return _numpy(series.to_numpy(), series, name)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _times(series.dt.tz_convert(None).to_numpy(), "timestamptz")
    if dtype.kind in "biuf":
        return _masked(series, name)
    return _objects(series.astype(object).to_numpy(), name)


def _arrays(column: ArrayColumn, name: str) -> ColumnHashes:
    if column.dtype.declared:
        return hash_arrays(column.block, name, column.absent)
    cells = np.empty(len(column), object)
    cells[:] = list(column)
    return _objects(cells, name)


def _numpy(values: npt.NDArray[Any], series: pd.Series[Any], name: str) -> ColumnHashes:
    kind = values.dtype.kind
    if kind == "f" and values.dtype.itemsize <= 8:
        return _floats(values)
    if kind in "iu":
        return _integers(values)
    if kind == "b":
        return _booleans(values)
    if kind in "mM":
        return _times(values, "timestamp" if kind == "M" else "duration")
    return _objects(series.to_numpy(dtype=object), name)


def _floats(values: npt.NDArray[Any]) -> ColumnHashes:
    null = np.uint64(canonical.tag("null"))

    def write(start: int, stop: int, out: Bits) -> int:
        floats = out.view(np.float64)
        with np.errstate(invalid="ignore"):  # signalling NaN
            np.add(values[start:stop], 0.0, out=floats)  # -0.0 + 0.0 is 0.0
        absent = np.isnan(floats)
        nulls = int(np.count_nonzero(absent))
        if nulls:
            out[absent] = null
        return nulls

    return ColumnHashes(frozenset({"number"}), write)


def _integers(values: npt.NDArray[Any]) -> ColumnHashes:
    limit = MAX_EXACT_INTEGER

    def write(start: int, stop: int, out: Bits) -> int:
        block = values[start:stop]
        np.copyto(out.view(np.float64), block)
        if values.dtype.itemsize == 8 and (block.max() > limit or block.min() < -limit):
            big = block > limit if values.dtype.kind == "u" else (block > limit) | (block < -limit)
            raw = block[big].astype(np.uint64)
            unsigned = (raw >> np.uint64(63) == 1) & (values.dtype.kind == "u")
            tags = np.where(unsigned, canonical.tag("uint"), canonical.tag("int"))
            out[big] = raw ^ tags.astype(np.uint64)
        return 0

    return ColumnHashes(frozenset({"number"}), write)


def _booleans(values: npt.NDArray[np.bool_]) -> ColumnHashes:
    both = np.array([0, 1], np.uint64) ^ np.uint64(canonical.tag("bool"))

    def write(start: int, stop: int, out: Bits) -> int:
        np.take(both, values[start:stop].view(np.int8), out=out)
        return 0

    return ColumnHashes(frozenset({"boolean"}), write)


def _masked(series: pd.Series[Any], name: str) -> ColumnHashes:
    """pandas' nullable and Arrow-backed numbers and booleans."""
    plain = cast(Any, series.dtype).numpy_dtype if hasattr(series.dtype, "numpy_dtype") else None
    dtype = np.dtype(bool) if series.dtype.kind == "b" else np.dtype(plain)
    absent = series.isna().to_numpy(dtype=bool)
    inner = _numpy(series.to_numpy(dtype=dtype, na_value=cast(Any, dtype.type(0))), series, name)
    null = np.uint64(canonical.tag("null"))

    def write(start: int, stop: int, out: Bits) -> int:
        nulls = inner.write(start, stop, out)
        gone = absent[start:stop]
        out[gone] = null
        return nulls + int(np.count_nonzero(gone))

    return ColumnHashes(inner.types, write)


def _times(values: npt.NDArray[Any], name: str) -> ColumnHashes:
    """numpy datetimes (in UTC, or naive) and timedeltas of any unit that pandas supports."""
    per = canonical.PER_SECOND[np.datetime_data(values.dtype)[0]]
    factor = canonical.SECOND // per
    ticks = values.view(np.int64)
    mark = np.uint64(canonical.tag(name))
    absent = np.isnat(values)
    bits = (ticks * factor).view(np.uint64) ^ mark
    limit = ((1 << 63) - 1) // factor
    beyond = ((ticks > limit) | (ticks < -limit)) & ~absent
    if beyond.any():
        seconds = ticks[beyond] // per
        far = seconds.view(np.uint64) ^ mark
        mix_into(far, np.empty_like(far))
        bits[beyond] = far + ((ticks[beyond] - seconds * per) * factor).view(np.uint64)
    bits[absent] = np.uint64(canonical.tag("null"))
    return _ready(bits, {name})


def _strings(column: TextColumn) -> ColumnHashes:
    """Text of any storage."""
    mark, null = np.uint64(canonical.tag("str")), np.uint64(canonical.tag("null"))

    def write(start: int, stop: int, out: Bits) -> int:
        column.hash_into(start, stop, out)
        np.bitwise_xor(out, mark, out=out)
        if column.absent is None:
            return 0
        gone = column.absent[start:stop]
        out[gone] = null
        return int(np.count_nonzero(gone))

    return ColumnHashes(frozenset({"string"}), write)


def _category(series: pd.Series[Any], name: str) -> ColumnHashes:
    """A categorical cell has the canonical value of its category."""
    inner = hash_columns(series.cat.categories.to_series(index=None), name)
    return _coded(series.cat.codes.to_numpy(), inner, len(series.cat.categories))


def _arrow(series: pd.Series[Any]) -> ColumnHashes:
    few = arrow_codes(series)
    if few is None:
        return _strings(arrow_texts(series))
    codes, texts = few
    return _coded(codes, _strings(texts), len(texts.starts) - 1)


def _objects(values: npt.NDArray[np.object_], name: str) -> ColumnHashes:
    """Columns of Python objects: distinct objects once if they are few, text by the fast path."""
    few = dictionary_encode(values)
    if few is None:
        return _distinct(values, name, np.arange(len(values)))
    return _coded(few.codes, _distinct(few.objects, name, few.rows), len(few.objects))


def _distinct(
    values: npt.NDArray[np.object_], name: str, rows: npt.NDArray[np.intp]
) -> ColumnHashes:
    column = python_texts(values)
    if column is not None:
        return _strings(column)
    lists = _lists(values)
    return _one_by_one(values, name, rows) if lists is None else lists


def _lists(values: npt.NDArray[np.object_]) -> ColumnHashes | None:
    """Lists of numbers and nulls; None for a column with anything else."""
    present = np.array([value is not None for value in values], bool)
    bits = np.full(len(values), np.uint64(canonical.tag("null")))
    hashes = number_lists(values[present]) if present.any() else None
    if hashes is None:
        return None
    bits[present] = hashes
    return _ready(bits, {"json"})


def _one_by_one(
    values: npt.NDArray[np.object_], name: str, rows: npt.NDArray[np.intp]
) -> ColumnHashes:
    bits = np.empty(len(values), np.uint64)
    types = set()
    for index, value in enumerate(values):
        try:
            kind, bits[index] = canonical.canonical(value)
        except TypeError as error:
            raise UsageError(
                f"column {name!r}, row {rows[index]}: "
                f"expected a value that has a fingerprint, got {error}",
                "turn the column into numbers, text or times",
            ) from error
        types.add(kind)
    return _ready(bits, types - {"null"})


def _coded(codes: npt.NDArray[Any], distinct: ColumnHashes, count: int) -> ColumnHashes:
    """The ``count`` values that ``codes`` point to; -1 is null."""
    null = np.uint64(canonical.tag("null"))
    table = np.full(count + 1, null)
    if count:
        distinct.write(0, count, table[:-1])

    def write(start: int, stop: int, out: Bits) -> int:
        np.take(table, codes[start:stop], out=out, mode="wrap")
        return int(np.count_nonzero(out == null))

    return ColumnHashes(distinct.types, write)


def _ready(bits: Bits, types: set[str]) -> ColumnHashes:
    null = np.uint64(canonical.tag("null"))

    def write(start: int, stop: int, out: Bits) -> int:
        out[:] = bits[start:stop]
        return int(np.count_nonzero(out == null))

    return ColumnHashes(frozenset(types), write)
