"""Tables larger than memory, block by block, every column as ``frames.read`` would have it.

What pandas makes of a CSV column depends on all of its cells, so blocks are read as if they were
tables of their own, what was found in each is noted, and where the blocks disagree in a way that
changes values (text in one, numbers in another) the file is read again with the types settled.
Memory is flat, but for CSV columns that mix integers beyond 64 bits with something else: those
are held whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from packager.data import canonical
from packager.data.csvcells import is_integer
from packager.data.csvfiles import csv_blocks, read_csv
from packager.data.fingerprint import Fingerprinter
from packager.data.frames import column_names, same_columns
from packager.data.parquetfiles import parquet_blocks
from packager.data.reader import PLAIN, Reader
from packager.data.times import TimeKind, time_kind
from packager.manifest import Fingerprint
from packager.noun import FileEntry

_CELLS = 1 << 19  # of a block: 4 MB of numbers, or some 40 MB of text

_LARGE = 19  # digits of 2^63

Found = Literal[
    "null",
    "small",
    "integer",
    "unsigned",
    "beyond",
    "clash",
    "float",
    "boolean",
    "text",
    "date",
    "naive",
    "aware",
]
_TIMES: dict[Found, TimeKind] = {"date": "date", "naive": "naive", "aware": "aware"}
_WORDS: tuple[tuple[Found, str], ...] = (
    # In order: where several were found, the first is what the whole is.
    ("text", "str"),
    ("clash", "str"),
    ("aware", "aware"),
    ("naive", "naive"),
    ("date", "date"),
    ("boolean", "bool"),
    ("float", "float64"),
    ("beyond", "object"),
    ("unsigned", "uint64"),
    ("integer", "int64"),
    ("small", "int64"),
)
Settled = Literal["str", "float64", "whole", "date", "naive", "aware"]


def fingerprint_path(path: Path, reader: Reader = PLAIN) -> Fingerprint:
    """Fingerprint of the table in a file or folder, in flat memory.

    It equals that of ``frames.read(path)``; ``UsageError`` as there.
    """
    form, files = same_columns(path, reader)
    rows = rows_of_a_block(len(column_names(path, reader)))
    with ThreadPoolExecutor(1) as hashing:
        top = path if path.is_dir() else path.parent
        entries = hashing.map(lambda file: _entry(file, top), files)
        if form == "parquet":
            return _print(parquet_blocks(files, rows)).result(list(entries))
        settled: dict[str, Settled] = {}
        while True:
            kinds = _Kinds()
            printer = _print(kinds.noted(_csv_blocks(files, reader, rows, settled)))
            found = kinds.settled()
            if found.items() <= settled.items():
                return printer.result(list(entries))
            settled = found


@dataclass(frozen=True)
class CsvTypes:
    """What the columns of a CSV table are as a whole."""

    settled: dict[str, Settled]
    """Those that a block alone would get wrong."""
    kinds: dict[str, str]
    """Column → str, float64, int64, uint64, bool, object (larger integers), date, naive,
    aware (times without and with an offset), or null (blank)."""


def csv_types(path: Path, reader: Reader = PLAIN) -> CsvTypes:
    """The types of a CSV table, found by reading it once."""
    _, files = same_columns(path, reader)
    names = column_names(path, reader)
    kinds = _Kinds()
    for _ in kinds.noted(_csv_blocks(files, reader, rows_of_a_block(len(names)), {})):
        pass
    settled = kinds.settled() | kinds.uniform()
    whole = [name for name, kind in settled.items() if kind == "whole"]
    if whole:
        kinds.replace(read_csv(files, reader, only=whole))
    return CsvTypes(settled, {name: kinds.word(name) for name in names})


def typed_blocks(path: Path, types: CsvTypes, reader: Reader = PLAIN) -> Iterator[pd.DataFrame]:
    """A CSV table in blocks, every column as it is as a whole."""
    _, files = same_columns(path, reader)
    yield from _csv_blocks(files, reader, rows_of_a_block(len(types.kinds)), types.settled)


def blocks(path: Path, reader: Reader = PLAIN) -> Iterator[pd.DataFrame]:
    """The table in a file or folder, block by block, equal to ``frames.read`` in every value.

    CSV is read once before, to settle its types.
    """
    form, files = same_columns(path, reader)
    if form == "parquet":
        yield from parquet_blocks(files, rows_of_a_block(len(column_names(path, reader))))
    else:
        yield from typed_blocks(path, csv_types(path, reader), reader)


def _print(frames: Iterator[pd.DataFrame]) -> Fingerprinter:
    printer = Fingerprinter()
    for frame in frames:
        printer.update(frame)
    return printer


def _entry(file: Path, top: Path) -> FileEntry:
    return FileEntry.of(file, file.relative_to(top).as_posix())


def rows_of_a_block(columns: int) -> int:
    """How many rows a block has, at most."""
    return max(1024, min(1 << 18, _CELLS // max(columns, 1)))


def _csv_blocks(
    files: Sequence[Path], reader: Reader, rows: int, settled: Mapping[str, Settled]
) -> Iterator[pd.DataFrame]:
    """Blocks in which columns have the types that were ``settled``, others what pandas guesses."""
    times = {name: _TIMES[kind] for name, kind in settled.items() if kind in _TIMES}
    columns = [name for name, kind in settled.items() if kind == "whole"]
    known = {*times, *columns}
    dtypes = {name: dtype for name, dtype in settled.items() if name not in known}
    whole = read_csv(files, reader, only=columns) if columns else pd.DataFrame()
    start = 0
    for frame in csv_blocks(files, reader, rows, dtypes, times):
        for name in columns:
            frame[name] = whole[name].iloc[start : start + len(frame)].reset_index(drop=True)
        start += len(frame)
        yield frame


class _Kinds:
    """What pandas found in each column, block by block, and what that makes of the whole."""

    def __init__(self) -> None:
        self._found: dict[str, set[Found]] = {}

    def noted(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The frames as they are, each looked at."""
        for frame in frames:
            for name in frame.columns if len(frame) else ():
                self._found.setdefault(name, set()).add(_kind(frame[name]))
            yield frame

    def replace(self, frame: pd.DataFrame) -> None:
        """Look at whole columns in place of what their blocks were."""
        self._found |= {name: {_kind(frame[name])} for name in frame.columns}

    def word(self, name: str) -> str:
        """The dtype of a column as a whole, or ``null``."""
        found = self._found.get(name, set())
        for kind, word in _WORDS:
            if kind in found:
                return "float64" if word == "int64" and "null" in found else word
        return "null"

    def settled(self) -> dict[str, Settled]:
        """The columns whose values would be others in the whole table, and their types there."""
        types = {name: _settle(found) for name, found in self._found.items()}
        return {name: settled for name, settled in types.items() if settled is not None}

    def uniform(self) -> dict[str, Settled]:
        """Types for columns that blocks get right, but in several dtypes."""
        types: dict[str, Settled] = {}
        for name, found in self._found.items():
            if _settle(found):
                continue
            if found == {"null", "text"}:
                types[name] = "str"
            elif "null" in found and len(found) == 2 and found & _TIMES.keys():
                types[name] = _TIMES[(found - {"null"}).pop()]
            elif found <= {"null", "small", "integer", "float"} and found & {"null", "float"}:
                types[name] = "float64"
        return types


def _settle(found: set[Found]) -> Settled | None:
    present = found - {"null"}
    if "clash" in found or (found & {"unsigned", "beyond"} and len(found) > 1):
        return "whole"
    times = {_TIMES[kind] for kind in present if kind in _TIMES}
    if times and len(times) == len(present):
        return None if len(times) == 1 else time_kind(times) or "str"
    if times or present & {"text", "boolean"}:
        return "str" if len(present) > 1 else None
    return "float64" if "integer" in present and found & {"null", "float"} else None


def _kind(series: pd.Series[Any]) -> Found:
    dtype = series.dtype
    if series.isna().all():
        return "null"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_unsigned_integer_dtype(dtype):
        return "unsigned"
    if pd.api.types.is_integer_dtype(dtype):
        exact = canonical.EXACT
        return "integer" if series.max() > exact or series.min() < -exact else "small"
    if pd.api.types.is_float_dtype(dtype):
        return "float"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "aware" if isinstance(dtype, pd.DatetimeTZDtype) else "naive"
    kinds: dict[str, Found] = {"boolean": "boolean", "integer": "beyond", "date": "date"}
    found = kinds.get(pd.api.types.infer_dtype(series, skipna=True), "text")
    return "clash" if found == "text" and _holds_large_integers(series.dropna()) else found


def _holds_large_integers(texts: pd.Series[Any]) -> bool:
    """Whether a text is an integer beyond 64 bits.

    One decides whether a blank cell of its column is null or text, and, beside numbers, whether
    the column is text: what pandas makes of it can't be told from blocks.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    long = texts.to_numpy(dtype=object)[lengths >= _LARGE]
    return any(is_integer(text) and not -(1 << 63) <= int(text) < 1 << 63 for text in long)
