"""Concatenated UTF-8 of text columns, for every storage.

pyarrow's buffers are used directly; Python strings are joined, which reads each object once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.canonical import canonical
from packager.data.xxh3 import Bits, Bytes, Places, xxh3_of_parts

_BETWEEN = "\0"
_PIECE = 4096  # objects per piece, which fit into the processor's cache
_PROBE = 4096  # cells examined to detect a column of few repeated values


@dataclass(frozen=True)
class TextColumn:
    """The texts of a column in UTF-8; a null is empty."""

    data: Bytes
    starts: Places
    """Start of each text, shape (rows + 1,). ``gap`` bytes separate two texts."""
    absent: npt.NDArray[np.bool_] | None
    """Mask of nulls, shape (rows,); None if there are none."""
    gap: int = 0

    def hash_into(self, start: int, stop: int, out: Bits) -> None:
        """Write XXH3 of these rows to ``out``; the values of nulls are undefined."""
        xxh3_of_parts(self.data, self.starts[start : stop + 1], out, self.gap)


def arrow_texts(series: pd.Series[Any]) -> TextColumn:
    """The texts of a column stored by pyarrow, in its own buffers."""
    return _buffers(_large_strings(series))


def python_texts(values: npt.NDArray[np.object_]) -> TextColumn | None:
    """The texts of a column of Python objects; None unless all are text or null."""
    joined = _joined(values)
    if joined is not None:
        return _parts(joined, values, None)
    absent = _usual_nulls(values)
    cells = np.where(absent, "", values)
    joined = _joined(cells)
    if joined is not None:
        return _parts(joined, cells, absent)
    for row, cell in enumerate(cells):
        if not isinstance(cell, str):
            if not _is_null(cell):
                return None
            absent[row], cells[row] = True, ""
    return _parts(_BETWEEN.join(cells), cells, absent)


@dataclass(frozen=True)
class Codes:
    """A dictionary-encoded column of few distinct objects."""

    codes: npt.NDArray[np.intp]
    """Index into ``objects`` of each cell, -1 for null: shape (rows,)."""
    objects: npt.NDArray[np.object_]
    rows: npt.NDArray[np.intp]
    """The first row of each object: shape (objects,)."""


def dictionary_encode(values: npt.NDArray[np.object_]) -> Codes | None:
    """Encode cells that are few distinct objects (as file readers create them) or texts.

    None if there are many, judged by the first rows.
    """
    addresses = _addresses(values)
    if _few(addresses):
        codes, distinct = pd.factorize(addresses)
        first = np.empty(len(distinct), np.intp)
        # Reversed, so that the first of several rows wins.
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        return Codes(codes, values[first], first)
    if python_texts(values[:_PROBE]) is None:
        return None
    try:
        if not _few(values):
            return None
        codes, uniques = pd.factorize(values)
    except (TypeError, ArithmeticError):  # lists and signalling NaN aren't hashable
        return None
    # Numbers of different types may be equal, but nothing except text equals a text.
    if not all(isinstance(text, str) for text in uniques):
        return None
    return Codes(codes, uniques, np.arange(len(uniques)))


def arrow_codes(series: pd.Series[Any]) -> tuple[npt.NDArray[Any], TextColumn] | None:
    """``dictionary_encode`` for a column stored by pyarrow: codes, -1 for null, and texts."""
    if not _few(series.array):
        return None
    encoded = _large_strings(series).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes, _buffers(encoded.dictionary)


def _few(values: Any) -> bool:
    some = values[:_PROBE]
    return len(pd.unique(some)) <= len(some) // 8


def _joined(values: npt.NDArray[np.object_]) -> str | None:
    pieces = (values[start : start + _PIECE] for start in range(0, len(values), _PIECE))
    try:
        return _BETWEEN.join([_BETWEEN.join(piece.tolist()) for piece in pieces])
    except TypeError:  # a cell that isn't text
        return None


def _is_null(value: Any) -> bool:
    try:
        return canonical(value)[0] == "null"
    except TypeError:
        return False


def _parts(joined: str, cells: npt.NDArray[np.object_], absent: Any) -> TextColumn:
    data = np.frombuffer(joined.encode("utf-8", "surrogatepass"), np.uint8)
    ends = np.flatnonzero(data == ord(_BETWEEN))
    if len(ends) != max(len(cells) - 1, 0):  # some texts contain the separator
        texts = [text.encode("utf-8", "surrogatepass") for text in cells]
        data = np.frombuffer(b"".join(texts), np.uint8)
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        return TextColumn(data, np.append(np.int64(0), ends), absent)
    starts = np.empty(len(cells) + 1, np.int64)
    starts[0] = 0
    starts[1:-1] = ends + 1
    starts[-1] = len(data) + 1
    return TextColumn(data, starts, absent, gap=1)


def _usual_nulls(values: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Mask of the null objects that pandas itself uses, found by identity, which is fast."""
    addresses = _addresses(values)
    nulls = (addresses == id(None)) | (addresses == id(np.nan)) | (addresses == id(pd.NA))
    return np.asarray(nulls)


def _addresses(values: npt.NDArray[np.object_]) -> npt.NDArray[np.intp]:
    """``id`` of every object; valid while the array exists."""

    class Pointers:
        __array_interface__ = {**values.__array_interface__, "typestr": np.dtype(np.intp).str}

    return np.asarray(Pointers()).view(np.intp)


def _large_strings(series: pd.Series[Any]) -> Any:
    import pyarrow as pa

    array = pa.array(series.array, pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _buffers(array: Any) -> TextColumn:
    """The buffers of an Arrow array of large strings, which may be a slice of a larger one."""
    if not len(array):
        return TextColumn(np.empty(0, np.uint8), np.zeros(1, np.int64), None)
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    absent = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    return TextColumn(np.frombuffer(data or b"", np.uint8), starts, absent)
