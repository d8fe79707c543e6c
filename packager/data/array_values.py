"""Canonical values of arrays of one fixed shape, ``dfp/1``, for many rows at once, in numpy.

A column that is declared as an array has cells of the logical type ``array``; undeclared lists
have ``json`` (``canonical.py``). Specified in docs/fingerprint.md.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.data import canonical
from packager.data.column_hashes import Bits, ColumnHashes
from packager.errors import UsageError
from packager.manifest.base import MAX_EXACT_INTEGER

NUMBERS, BOOLEANS = 1, 2
"""The class of the elements, in the first byte of a cell's block."""
_WORD = 8
_BUFFER_BYTES = 1 << 18
"""Rows are converted in a buffer that fits into the processor's cache."""


def hash_arrays(
    cells: npt.NDArray[Any], name: str, absent: npt.NDArray[np.bool_] | None = None
) -> ColumnHashes:
    """The cells of a column of arrays.

    ``cells``: shape (rows, *dims), at least one dim; ``absent``: shape (rows,), the rows that are
    null, whatever ``cells`` holds there. Raises ``UsageError`` for elements that are neither
    numbers nor booleans.
    """
    if cells.dtype.kind not in "biuf" or cells.dtype.itemsize > _WORD:
        raise UsageError(
            f"column {name!r}: expected an array of numbers or booleans, got {cells.dtype}",
            "declare the column as a list, or convert it",
        )
    null = np.uint64(canonical.tag("null"))

    def write(start: int, stop: int, out: Bits) -> int:
        write_values(cells[start:stop], out)
        if absent is None:
            return 0
        gone = absent[start:stop]
        out[gone] = null
        return int(np.count_nonzero(gone))

    types = frozenset({"array"}) if absent is None or not absent.all() else frozenset[str]()
    return ColumnHashes(types, write)


def write_values(cells: npt.NDArray[Any], out: Bits) -> None:
    """Put the canonical value of each of ``cells``, (rows, *dims), into ``out``, (rows,)."""
    from xxhash import xxh3_64_intdigest

    rows, mark = len(cells), np.uint64(canonical.tag("array"))
    header = _header(cells)
    flat = cells.reshape(rows, math.prod(cells.shape[1:]))
    width = len(header) + flat.shape[1] * (1 if cells.dtype.kind == "b" else _WORD)
    step = max(1, _BUFFER_BYTES // width)
    buffer = np.empty((max(1, min(step, rows)), width), np.uint8)
    buffer[:, : len(header)] = np.frombuffer(header, np.uint8)
    whole = buffer.data.cast("B")  # one view a row for all blocks: to make one takes 100 ns
    views = [whole[at : at + width] for at in range(0, buffer.size, width)]
    for start in range(0, rows, step):
        block = flat[start : start + step]
        encoded = buffer[: len(block)]
        _fill(block, encoded[:, len(header) :])
        hashes = map(xxh3_64_intdigest, views[: len(block)])
        out[start : start + len(block)] = np.fromiter(hashes, np.uint64, len(block))
    for row in _inexact(flat):
        out[row] = canonical.xxh3(canonical.outline(cells[row]).encode())
    out ^= mark


def _header(cells: npt.NDArray[Any]) -> bytes:
    """The class of the elements and the number of dims in one word, then each dim in one."""
    kind = BOOLEANS if cells.dtype.kind == "b" else NUMBERS
    dims = cells.shape[1:]
    words = (kind | len(dims) << 8, *dims)
    return b"".join(int(word).to_bytes(_WORD, "little") for word in words)


def _fill(block: npt.NDArray[Any], out: npt.NDArray[np.uint8]) -> None:
    """Write the canonical elements of ``block``, (rows, elements), as bytes."""
    if block.dtype.kind == "b":
        out[:] = block
        return
    numbers = out.view("<f8")
    if block.dtype.kind != "f":
        numbers[...] = block
        return
    with np.errstate(invalid="ignore"):
        np.add(block, 0.0, out=numbers)  # -0.0 + 0.0 is 0.0
    unknown = np.isnan(block)
    if unknown.any():
        numbers[unknown] = np.nan  # one payload


def _inexact(flat: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """The rows with an integer that float64 may not hold."""
    if flat.dtype.kind not in "iu" or flat.dtype.itemsize < _WORD or not flat.size:
        return np.empty(0, np.intp)
    beyond = flat > MAX_EXACT_INTEGER
    if flat.dtype.kind == "i":
        beyond |= flat < -MAX_EXACT_INTEGER
    return np.flatnonzero(beyond.any(axis=1))
