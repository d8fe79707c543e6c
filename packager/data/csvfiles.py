"""How CSV becomes a table: one fixed set of reader options, for training and for predicting.

pandas guesses types from the text. The options pin everything that guess depends on, and are
recorded in the manifest; several files are read as the one table they are, so that a column's
type never depends on where the files were cut.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.errors import UsageError
from packager.noun import Kind

CSV_OPTIONS: dict[str, Any] = {
    "sep": ",",
    "encoding": "utf-8",
    "engine": "c",
    "float_precision": "round_trip",
    "low_memory": False,
    "keep_default_na": False,
    # pandas 3's own list, spelled out because it has grown before.
    "na_values": [
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    ],
}

_TRUE = frozenset({"True", "TRUE", "true"})
_FALSE = frozenset({"False", "FALSE", "false"})
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")


def csv_names(file: Path, options: Mapping[str, Any]) -> list[str]:
    """Column names from the header; ``UsageError`` if it is absent or names a column twice."""
    header = _start(file, options).names
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise UsageError(
            f"{file}: expected every column name once, got {twice[0]!r} {header.count(twice[0])}x",
            "rename or remove the repeated column",
        )
    with _readable(file):
        return [str(name) for name in _table(file, options, nrows=0).columns]


def read_csv(
    files: Sequence[Path], options: Mapping[str, Any], dtype: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """One table from files with equal headers; ``dtype`` overrides pandas' guess per column."""
    place = files[0] if len(files) == 1 else files[0].parent
    with _readable(place), io.BufferedReader(_Chain(files, options)) as chain:
        frame = _table(chain, options, dtype=dtype)
    labels = _RowLabels(place, _start(files[0], options))
    frame = labels.without(frame)
    labels.finish()
    return frame


def csv_blocks(
    files: Sequence[Path], options: Mapping[str, Any], rows: int, dtype: Mapping[str, Any]
) -> Iterator[pd.DataFrame]:
    """The same table in blocks of at most ``rows``; what ``dtype`` doesn't name is guessed anew
    in every block.
    """
    place = files[0] if len(files) == 1 else files[0].parent
    start = _start(files[0], options)
    labels = _RowLabels(place, start)
    with _readable(place), io.BufferedReader(_Chain(files, options)) as chain:
        reader = _table(chain, options, dtype=dtype, chunksize=rows)
        for frame in reader:
            yield labels.without(frame)
    labels.finish()


def _table(source: Any, options: Mapping[str, Any], **more: Any) -> Any:
    with warnings.catch_warnings():
        # pandas 3.1 reads floats exactly by default, and says so; earlier ones have to be told.
        warnings.filterwarnings("ignore", message="The 'float_precision' argument")
        return pd.read_csv(source, **options, **more)


def parse_cells(cells: Sequence[Any], kind: Kind) -> list[Any]:
    """Text cells as values of ``kind``, null as None; text that isn't one is left as it is."""
    parse = {"number": _number, "integer": _integer, "boolean": _boolean}.get(kind, _text)
    return [None if cell is None or cell != cell else parse(cell) for cell in cells]


def is_integer(cell: Any) -> bool:
    """Whether a cell is text that pandas would take for an integer."""
    return isinstance(cell, str) and _INTEGER.fullmatch(cell) is not None


def _number(cell: str) -> float | str:
    return float(cell) if _NUMBER.fullmatch(cell) else cell


def _integer(cell: str) -> int | float | str:
    return int(cell) if _INTEGER.fullmatch(cell) else _number(cell)


def _boolean(cell: str) -> bool | str:
    return True if cell in _TRUE else False if cell in _FALSE else cell


def _text(cell: str) -> str:
    return cell


@dataclass(frozen=True)
class _Start:
    """The header's cells, the bytes it takes (with what is before it), and the cells of the
    first row, 0 if there is none."""

    names: list[str]
    size: int
    width: int


def _start(file: Path, options: Mapping[str, Any]) -> _Start:
    size = 0

    def measured(lines: Iterable[str]) -> Iterator[str]:
        nonlocal size
        for line in lines:
            size += len(line.encode())
            yield line

    with _readable(file), file.open(encoding="utf-8", newline="") as text:
        if text.read(1) == "\ufeff":
            size = len(codecs.BOM_UTF8)
        else:
            text.seek(0)
        filled = (
            (cells, size)
            for cells in csv.reader(measured(text), delimiter=options["sep"])
            if len(cells) > 1 or any(cell.strip() for cell in cells)
        )
        for names, end in filled:
            first, _ = next(filled, ([], 0))
            return _Start(names, end, len(first))
    raise UsageError(
        f"{file}: expected a header with column names, got an empty file",
        "check that the file was written completely",
    )


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Turn what pandas and the system say about an unreadable file into a ``UsageError``."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file}: expected UTF-8, got byte 0x{error.object[error.start]:02x} "
            f"at offset {error.start}",
            "save it as UTF-8, for example: iconv -f latin1 -t utf-8",
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, OSError) as error:
        raise UsageError(
            f"{file}: expected comma-separated rows, got {str(error).strip()}",
            "check separators and quotes around that line",
        ) from error


class _Chain(io.RawIOBase):
    """The bytes of several CSV files, one after the other, with the first one's header only."""

    def __init__(self, files: Sequence[Path], options: Mapping[str, Any]) -> None:
        super().__init__()
        self._parts = self._read(files, options)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    @staticmethod
    def _read(files: Sequence[Path], options: Mapping[str, Any]) -> Iterator[bytes]:
        for index, file in enumerate(files):
            with file.open("rb") as source:
                if index:
                    yield b"\n"  # the file before may end without one; blank lines are skipped
                    source.seek(_start(file, options).size)
                while part := source.read(1 << 20):
                    yield part


class _RowLabels:
    """Drops a first column that the header doesn't name, if it merely counts the rows.

    pandas makes an index of it when rows are one cell longer than the header (R writes such
    files). Trailing commas look the same but shift every value by a column, so anything but a
    count, or a last column that is all blank, is refused.
    """

    def __init__(self, place: Path, start: _Start) -> None:
        self._place, self._start = place, start
        self._last: int | None = None
        self._labelled = self._filled = False

    def without(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The next rows of the table with a plain index."""
        labels = frame.index
        if self._start.width <= len(self._start.names) and isinstance(labels, pd.RangeIndex):
            return frame.reset_index(drop=True)
        self._labelled = True
        if not pd.api.types.is_integer_dtype(labels.dtype):
            raise self._refusal()
        before = [] if self._last is None else [self._last]
        numbers = np.append(np.asarray(before, np.int64), labels.to_numpy())
        again = (numbers[1:] == 0) | (numbers[1:] == 1)  # each file of a folder may start anew
        if not ((numbers[1:] - numbers[:-1] == 1) | again).all():
            raise self._refusal()
        self._last = int(numbers[-1]) if len(numbers) else None
        self._filled = self._filled or bool(frame.iloc[:, -1].notna().any())
        return frame.reset_index(drop=True)

    def finish(self) -> None:
        """Raise ``UsageError`` if what was dropped can't have been row labels."""
        if self._labelled and not self._filled:
            raise self._refusal()

    def _refusal(self) -> UsageError:
        return UsageError(
            f"{self._place}: expected {len(self._start.names)} cells a row, as in the header, "
            f"got {self._start.width}",
            "name every column in the header, and remove separators at the end of rows",
        )
