"""Fingerprint of a data set, ``dfp/1``: its identity, and what changed between two of them.

The algorithm is this project's own, with golden vectors, because libraries change theirs; its
specification is docs/fingerprint.md. Sums are modulo 2^64, so rows and columns may come in any
order and number of blocks. They are not cryptographic: the sha256 of the files protect integrity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data import canonical
from packager.data.column_hashes import Bits, ColumnHashes
from packager.data.columns import hash_columns, mix_into
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Fingerprint

SKETCH_SIZE = 1024
GOLDEN_RATIO_STEP = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the step between positions."""

_BLOCK = 1 << 14  # rows: buffers of 128 KiB fit into the L2 cache
_CHUNK = 1 << 18  # rows: bounds the memory of text columns in addition to the frame


def cell_hashes(series: pd.Series[Any], name: str) -> npt.NDArray[np.uint64]:
    """Hash of every cell of the column ``name``: shape (rows,)."""
    bits = np.empty(len(series), np.uint64)
    if len(series):
        hash_columns(series, name).write(0, len(series), bits)
        np.bitwise_xor(bits, np.uint64(canonical.seed(name)), out=bits)
        mix_into(bits, np.empty_like(bits))
    return bits


def row_hashes(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Hash of every row over all columns of ``frame``, independent of their order: (rows,)."""
    hashes = np.empty(len(frame), np.uint64)
    start = 0
    for block in _Columns(frame).blocks(frame):
        hashes[start : start + len(block)] = block
        start += len(block)
    return hashes


def fingerprint(frame: pd.DataFrame, files: Sequence[FileEntry] = ()) -> Fingerprint:
    """Fingerprint of a whole table, with the files it was read from."""
    printer = Fingerprinter()
    printer.update(frame)
    return printer.result(files)


class Fingerprinter:
    """Computes the fingerprint of a table in blocks: ``update`` with each, then ``result``."""

    def __init__(self) -> None:
        self._columns: _Columns | None = None
        self._count = 0
        self._sums = [0, 0, 0]
        self._sketch: Bits = np.empty(0, np.uint64)
        self._buffers = np.empty((2, _BLOCK), np.uint64)
        self._steps = np.arange(1, _BLOCK + 1, dtype=np.uint64) * np.uint64(GOLDEN_RATIO_STEP)

    def update(self, frame: pd.DataFrame) -> None:
        """Add the rows of ``frame``; ``UsageError`` if its columns differ from earlier ones."""
        if self._columns is None:
            self._columns = _Columns(frame)
        for hashes in self._columns.blocks(frame):
            self._add(hashes)

    def result(self, files: Sequence[FileEntry] = ()) -> Fingerprint:
        """The fingerprint of everything so far."""
        columns = self._columns or _Columns(pd.DataFrame())
        return Fingerprint(
            files=tuple(files),
            schema_=sha256_bytes(canonical_json(columns.schema())),
            columns={name: _hex(total) for name, total in columns.sums.items()},
            row_count=self._count,
            rows=(_hex(self._sums[0]), _hex(self._sums[1])),
            ordered=_hex(self._sums[2]),
            sketch=tuple(_hex(value) for value in self._sketch.tolist()),
        )

    def _add(self, hashes: Bits) -> None:
        mixed, spare = self._buffers[:, : len(hashes)]
        rows = _plus(self._sums[0], hashes)
        np.bitwise_xor(hashes, np.uint64(canonical.tag("rows2")), out=mixed)
        mix_into(mixed, spare)
        again = _plus(self._sums[1], mixed)
        np.add(self._steps[: len(hashes)], hashes, out=mixed)
        np.add(mixed, np.uint64(self._count * GOLDEN_RATIO_STEP & canonical.MASK), out=mixed)
        mix_into(mixed, spare)
        self._sums = [rows, again, _plus(self._sums[2], mixed)]
        self._count += len(hashes)
        self._keep_smallest(hashes)

    def _keep_smallest(self, hashes: Bits) -> None:
        if len(self._sketch) == SKETCH_SIZE:
            hashes = hashes[hashes < self._sketch[-1]]
        if len(hashes) > SKETCH_SIZE:
            # Tables of few distinct rows never fill the sketch: a hash table is faster than
            # sorting all their rows.
            hashes = cast(Bits, pd.unique(hashes))
        if len(hashes):
            self._sketch = np.unique(np.concatenate([self._sketch, hashes]))[:SKETCH_SIZE]


class _Columns:
    """Hashes the rows of a table block by block, and records types and sums of its columns."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._names = _checked_names(frame)
        self._seeds = [np.uint64(canonical.seed(name)) for name in self._names]
        self._types: dict[str, set[str]] = {name: set() for name in self._names}
        self._nullable: set[str] = set()
        self.sums = dict.fromkeys(self._names, 0)

    def schema(self) -> list[tuple[str, str, bool]]:
        """Name, logical type and nullability of each column, in order, as observed."""
        return [
            (name, "|".join(sorted(self._types[name])) or "null", name in self._nullable)
            for name in self._names
        ]

    def blocks(self, frame: pd.DataFrame) -> Iterator[Bits]:
        """Row hashes of ``frame`` in blocks; each block is valid until the next."""
        names = _checked_names(frame)
        if names != self._names:
            raise UsageError(
                f"expected the columns {', '.join(self._names)}, got {', '.join(names)}",
                "give every block of a table the same columns",
            )
        for start in range(0, len(frame), _CHUNK):
            chunk = frame.iloc[start : start + _CHUNK]
            columns = [hash_columns(chunk.iloc[:, i], name) for i, name in enumerate(names)]
            yield from self._hash(columns, len(chunk))

    def _hash(self, columns: Sequence[ColumnHashes], rows: int) -> Iterator[Bits]:
        buffers = np.empty((3, min(rows, _BLOCK)), np.uint64)
        for start in range(0, rows, _BLOCK):
            stop = min(start + _BLOCK, rows)
            bits, spare, total = buffers[:, : stop - start]
            total[:] = 0
            for name, seed, column in zip(self._names, self._seeds, columns, strict=True):
                nulls = column.write(start, stop, bits)
                if nulls:
                    self._nullable.add(name)
                if nulls < len(bits):
                    self._types[name] |= column.types
                np.bitwise_xor(bits, seed, out=bits)
                mix_into(bits, spare)
                self.sums[name] = _plus(self.sums[name], bits)
                np.add(total, bits, out=total)
            mix_into(total, spare)
            yield total


def _checked_names(frame: pd.DataFrame) -> list[str]:
    names = list(frame.columns)
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is not None:
        raise UsageError(f"expected text as column names, got {odd!r}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"expected every column name once, got {twice!r} again")
    return names


def _plus(total: int, values: Bits) -> int:
    return (total + int(np.add.reduce(values))) & canonical.MASK


def _hex(value: int) -> str:
    return f"{value:016x}"
