"""Tables larger than memory, block by block, with the column types of ``frames.read``.

The type that pandas gives a CSV column depends on all of its cells. So blocks are read as separate
tables and the types of each are recorded; if blocks disagree in a way that changes values (text in
one, numbers in another), the file is read again with settled types. Memory is constant, except for
CSV columns that mix integers beyond 64 bits with something else: those are held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from packager.data.csv_files import read_csv
from packager.data.csv_text import rows_within
from packager.data.csv_types import Kinds, Settled, settled_blocks
from packager.data.fingerprint import Fingerprinter
from packager.data.parquet_files import BLOCK_BYTES, parquet_blocks
from packager.data.sources.file_digests import FileDigests
from packager.data.sources.listing import source_files
from packager.data.sources.table import SourceTable
from packager.manifest.manifest import Fingerprint
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

_CELLS = 1 << 19  # of a block: 4 MB of numbers, or some 40 MB of text


def fingerprint_path(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> Fingerprint:
    """Fingerprint of the table in a file or folder, in constant memory.

    It equals that of ``frames.read(path)``; ``UsageError`` as there.
    """
    source = SourceTable(path, reader)
    files = source.files
    rows = rows_of_a_block(len(source.columns))
    with ThreadPoolExecutor(1) as hashing:
        digests = FileDigests(files, hashing)
        source.external.hash_files(digests.cell)
        if files.format != "csv":
            printer = _print(source.blocks(_plain_blocks(source, rows)))
            return printer.result(digests.entries())
        rows = min(rows, rows_within(files.table, reader, BLOCK_BYTES))
        settled: dict[str, Settled] = {}
        while True:
            kinds = Kinds()
            noted = kinds.noted(settled_blocks(files.table, reader, rows, settled))
            printer = _print(source.blocks(noted))
            now_settled = kinds.settled()
            if now_settled.items() <= settled.items():
                return printer.result(digests.entries())
            settled = now_settled


@dataclass(frozen=True)
class CsvTypes:
    """Types of the columns of a whole CSV table."""

    settled: dict[str, Settled]
    """Columns whose type a single block could get wrong."""
    kinds: dict[str, str]
    """Column → str, float64, int64, uint64, bool, object (larger integers), date, naive,
    aware (times without and with an offset), or null (blank)."""


def csv_types(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> CsvTypes:
    """The types of a CSV table, found by reading it once."""
    source = SourceTable(path, reader)
    names, files = source.table_columns, source.files.table
    kinds = Kinds()
    rows = min(rows_of_a_block(len(names)), rows_within(files, reader, BLOCK_BYTES))
    for _ in kinds.noted(settled_blocks(files, reader, rows, {})):
        pass
    settled = kinds.settled() | kinds.uniform()
    whole = [name for name, kind in settled.items() if kind == "whole"]
    if whole:
        kinds.replace(read_csv(files, reader, only=whole))
    return CsvTypes(settled, {name: kinds.word(name) for name in names})


def typed_blocks(
    path: Path, types: CsvTypes, reader: TableReadOptions = DEFAULT_OPTIONS
) -> Iterator[pd.DataFrame]:
    """A CSV table in blocks, with the column types of the whole table."""
    files = source_files(path, reader).table
    rows = min(rows_of_a_block(len(types.kinds)), rows_within(files, reader, BLOCK_BYTES))
    yield from settled_blocks(files, reader, rows, types.settled)


def blocks(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> Iterator[pd.DataFrame]:
    """The table in a file or folder, block by block, equal to ``frames.read`` in every value.

    CSV is read twice: the first pass settles its types.
    """
    source = SourceTable(path, reader)
    if source.files.format == "csv":
        frames = typed_blocks(path, csv_types(path, reader), reader)
    else:
        frames = _plain_blocks(source, rows_of_a_block(len(source.columns)))
    yield from source.blocks(frames)


def _plain_blocks(source: SourceTable, rows: int) -> Iterator[pd.DataFrame]:
    """A table that is not CSV in blocks, without the columns beside it."""
    if source.files.format == "parquet":
        return parquet_blocks(source.files.table, rows)
    return source.plain_blocks(rows)


def _print(frames: Iterator[pd.DataFrame]) -> Fingerprinter:
    printer = Fingerprinter()
    for frame in frames:
        printer.update(frame)
    return printer


def rows_of_a_block(columns: int) -> int:
    """Maximum number of rows of a block."""
    return max(1024, min(1 << 18, _CELLS // max(columns, 1)))
