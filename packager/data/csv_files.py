"""How CSV becomes a table: one fixed way, for training and for predicting.

pandas guesses types from the text. What that guess depends on is pinned here and by the
``TableReadOptions``, which the manifest records; several files are read as the one table they are,
so that a column's type never depends on where the files were cut.
"""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.data.csv_text import CsvHead, joined, read_head, readable, separator_of, with_room
from packager.data.rows.csv_cells import as_declared, read_as
from packager.data.rows.iso_times import TimeKind
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions

_FIXED: dict[str, Any] = {
    "encoding": "utf-8",
    "engine": "c",
    "float_precision": "round_trip",
    "low_memory": False,
    "keep_default_na": False,
}


def csv_names(file: Path, reader: TableReadOptions) -> list[str]:
    """Column names from the header; ``UsageError`` if it is absent or names a column twice."""
    header = read_head(file, reader).names
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise UsageError(
            f"{file}: expected every column name once, got {twice[0]!r} {header.count(twice[0])}x",
            "rename or remove the repeated column",
        )
    with readable(file, reader), joined([file], reader) as text:
        return [str(name) for name in _table(text, _options([], file, reader), nrows=0).columns]


def read_csv(
    files: Sequence[Path],
    reader: TableReadOptions,
    dtype: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One table from files with equal headers; ``dtype`` overrides what a column is read as.

    Columns of text in which every value is an ISO 8601 date or time become such. ``only`` names
    the columns to read. Raises ``UsageError`` naming the row of a cell that isn't what its column
    was declared to be.
    """
    place = files[0] if len(files) == 1 else files[0].parent
    names = csv_names(files[0], reader)
    options = _options(names, files[0], reader)
    given = dict(dtype or {})
    with readable(place, reader), joined(files, reader) as text:
        read = {**read_as(reader, names), **given}
        frame = _table(
            with_room(text, place),
            options,
            dtype=read,
            usecols=None if only is None else list(only),
        )
    labels = _RowLabels(place, read_head(files[0], reader))
    frame = labels.without(frame)
    labels.finish()
    return as_declared(frame, reader, place, given=given)


def csv_blocks(
    files: Sequence[Path],
    reader: TableReadOptions,
    rows: int,
    dtype: Mapping[str, Any],
    times: Mapping[str, TimeKind],
) -> Iterator[pd.DataFrame]:
    """The same table in blocks of at most ``rows``.

    What neither ``dtype`` nor ``times`` (what a column of times is as a whole) names is guessed
    again in every block.
    """
    place = files[0] if len(files) == 1 else files[0].parent
    start, names = read_head(files[0], reader), csv_names(files[0], reader)
    labels = _RowLabels(place, start)
    row = 0
    with readable(place, reader), joined(files, reader) as text:
        read = {**read_as(reader, names), **dict.fromkeys(times, "str"), **dtype}
        blocks = _table(text, _options(names, files[0], reader), dtype=read, chunksize=rows)
        for frame in blocks:
            plain = labels.without(frame)
            yield as_declared(plain, reader, place, given=dtype, times=times, first=row)
            row += len(plain)
    labels.finish()


def csv_records(files: Sequence[Path], reader: TableReadOptions) -> Iterator[list[str]]:
    """The cells of every record as they are written, the header first; blank lines are none."""
    place = files[0] if len(files) == 1 else files[0].parent
    with readable(place, reader), joined(files, reader) as stream:
        lines = (line.decode("utf-8") for line in stream)
        separator = separator_of(files[0], reader)
        for cells in csv.reader(lines, delimiter=separator, quotechar=reader.quote):
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                yield cells


def _options(names: Sequence[str], file: Path, reader: TableReadOptions) -> dict[str, Any]:
    return {
        **_FIXED,
        "sep": separator_of(file, reader),
        "decimal": reader.decimal or ".",
        "thousands": reader.thousands,
        "quotechar": reader.quote,
        "na_values": {name: list(reader.null_words(name)) for name in names},
    }


def _table(source: Any, options: Mapping[str, Any], **more: Any) -> Any:
    with warnings.catch_warnings():
        # pandas 3.1 reads floats exactly by default, and says so; earlier ones have to be told.
        warnings.filterwarnings("ignore", message="The 'float_precision' argument")
        return pd.read_csv(source, **options, **more)


class _RowLabels:
    """Drops a first column that the header doesn't name, if it merely counts the rows.

    pandas makes an index of it when rows are one cell longer than the header (R writes such
    files). Trailing commas look the same but shift every value by a column, so anything but a
    count, or a last column that is all blank, is refused.
    """

    def __init__(self, place: Path, start: CsvHead) -> None:
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
        again = (numbers[1:] == 0) | (numbers[1:] == 1)  # each file of a folder may start again
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
