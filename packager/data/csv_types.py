"""Types of the columns of a whole CSV table, determined block by block.

Blocks are read as separate tables; if they disagree in a way that changes values (text in one,
numbers in another), their columns are read again with settled types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from packager.data.csv_files import csv_blocks, csv_names, read_csv
from packager.data.csv_text import COMPRESSED
from packager.data.iso_times import TimeKind, time_kind
from packager.data.rows.csv_cells import is_beyond_64_bits
from packager.manifest.base import MAX_EXACT_INTEGER
from packager.manifest.read_options import TableReadOptions

MAX_WHOLE = 1 << 26
"""Bytes of files read at once: pandas needs several times the frame's memory for larger ones."""
_PACKED = 8
"""Assumed bytes of content per byte of a compressed file."""
_CELLS = 1 << 21

_LARGE = 19  # digits of 2^63

CellKind = Literal[
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
_TIMES: dict[CellKind, TimeKind] = {"date": "date", "naive": "naive", "aware": "aware"}
_WORDS: tuple[tuple[CellKind, str], ...] = (
    # In order of precedence: the first of these kinds that any block has is that of the whole.
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


def read_csv_table(files: Sequence[Path], reader: TableReadOptions) -> pd.DataFrame:
    """``read_csv`` that needs, for large files, little more memory than twice the frame."""
    size = sum(file.stat().st_size for file in files)
    packed = any(file.suffix.lower() in COMPRESSED for file in files)
    if size * (_PACKED if packed else 1) <= MAX_WHOLE:
        return read_csv(files, reader)
    rows = max(1, _CELLS // len(csv_names(files[0], reader)))
    kinds = Kinds()
    parts = list(kinds.noted(settled_blocks(files, reader, rows, {})))
    settled = kinds.settled() | kinds.uniform()
    numbers = {name for name, kind in settled.items() if kind == "float64"}
    if kinds.settled() or settled.keys() - numbers:
        del parts
        parts = list(settled_blocks(files, reader, rows, settled))
    # pandas may concatenate a block of nulls and one of booleans to floats, True as 1.0.
    if booleans := kinds.nullable_booleans():
        parts = [part.astype(dict.fromkeys(booleans, object)) for part in parts]
    return pd.concat(parts, ignore_index=True)


def settled_blocks(
    files: Sequence[Path], reader: TableReadOptions, rows: int, settled: Mapping[str, Settled]
) -> Iterator[pd.DataFrame]:
    """Blocks whose columns have the ``settled`` types; pandas infers the others."""
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


class Kinds:
    """The kinds that pandas inferred for each column, per block, and the resulting type."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[CellKind]] = {}

    def noted(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield the frames unchanged, and record the kinds of their columns."""
        for frame in frames:
            for name in frame.columns if len(frame) else ():
                self._kinds.setdefault(name, set()).add(_kind(frame[name]))
            yield frame

    def replace(self, frame: pd.DataFrame) -> None:
        """Record the kinds of whole columns in place of those of their blocks."""
        self._kinds |= {name: {_kind(frame[name])} for name in frame.columns}

    def word(self, name: str) -> str:
        """The dtype of a whole column, or ``null``."""
        kinds = self._kinds.get(name, set())
        for kind, word in _WORDS:
            if kind in kinds:
                return "float64" if word == "int64" and "null" in kinds else word
        return "null"

    def settled(self) -> dict[str, Settled]:
        """The columns whose values differ between blocks and whole table, and their whole type."""
        types = {name: _settle(kinds) for name, kinds in self._kinds.items()}
        return {name: settled for name, settled in types.items() if settled is not None}

    def nullable_booleans(self) -> list[str]:
        """The columns that contain only nulls in some blocks and booleans in others."""
        return [name for name, kinds in self._kinds.items() if kinds == {"null", "boolean"}]

    def uniform(self) -> dict[str, Settled]:
        """Types for columns whose values are right in all blocks, but with several dtypes."""
        types: dict[str, Settled] = {}
        for name, kinds in self._kinds.items():
            if _settle(kinds):
                continue
            if kinds == {"null", "text"}:
                types[name] = "str"
            elif "null" in kinds and len(kinds) == 2 and kinds & _TIMES.keys():
                types[name] = _TIMES[(kinds - {"null"}).pop()]
            elif kinds <= {"null", "small", "integer", "float"} and kinds & {"null", "float"}:
                types[name] = "float64"
        return types


def _settle(kinds: set[CellKind]) -> Settled | None:
    present = kinds - {"null"}
    if "clash" in kinds or (kinds & {"unsigned", "beyond"} and len(kinds) > 1):
        return "whole"
    times = {_TIMES[kind] for kind in present if kind in _TIMES}
    if times and len(times) == len(present):
        return None if len(times) == 1 else time_kind(times) or "str"
    if times or present & {"text", "boolean"}:
        return "str" if len(present) > 1 else None
    return "float64" if "integer" in present and kinds & {"null", "float"} else None


def _kind(series: pd.Series[Any]) -> CellKind:
    dtype = series.dtype
    if series.isna().all():
        return "null"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_unsigned_integer_dtype(dtype):
        return "unsigned"
    if pd.api.types.is_integer_dtype(dtype):
        exact = MAX_EXACT_INTEGER
        return "integer" if series.max() > exact or series.min() < -exact else "small"
    if pd.api.types.is_float_dtype(dtype):
        return "float"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "aware" if isinstance(dtype, pd.DatetimeTZDtype) else "naive"
    kinds: dict[str, CellKind] = {"boolean": "boolean", "integer": "beyond", "date": "date"}
    kind = kinds.get(pd.api.types.infer_dtype(series, skipna=True), "text")
    return "clash" if kind == "text" and _holds_large_integers(series.dropna()) else kind


def _holds_large_integers(texts: pd.Series[Any]) -> bool:
    """Whether any text is an integer beyond 64 bits.

    Such a text determines whether pandas reads a blank cell of its column as null or text, and a
    column of numbers as text, so the type can't be determined from blocks.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    long = texts.to_numpy(dtype=object)[lengths >= _LARGE]
    return any(map(is_beyond_64_bits, long))
