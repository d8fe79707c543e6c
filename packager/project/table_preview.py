"""Previews a table: its first rows, its columns, and its read options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from packager.confinement import refuse_strange
from packager.data.encoding_error import WrongEncodingError
from packager.data.frames import infer_columns
from packager.data.preview import read_first_rows, refuse_commas
from packager.data.sources.table import column_names
from packager.errors import UsageError
from packager.manifest.manifest import Column
from packager.manifest.read_options import (
    DEFAULT_OPTIONS,
    ColumnReading,
    TableReadOptions,
    shown_options,
)
from packager.project.large_columns import (
    MAX_CHECKED,
    first_table,
    folders_beside,
    named_folder,
    rows_of_files,
)

READERS: tuple[dict[str, str], ...] = (
    {},
    {"separator": ";"},
    {"separator": ";", "decimal": ","},
    {"separator": "\t"},
    {"separator": "\t", "decimal": ","},
    {"separator": "|"},
)
"""Read options of common CSV dialects, the most frequent first."""


@dataclass(frozen=True)
class Preview:
    """The first 10,000 rows of a table, and what they show."""

    names: tuple[str, ...]
    rows: pd.DataFrame
    columns: dict[str, Column]
    options: dict[str, str]
    """``[data.read]``; empty if the defaults read the file."""
    reader: TableReadOptions = DEFAULT_OPTIONS
    """``options``, how files are rows, and the columns that name files."""

    @property
    def read_line(self) -> str:
        """``[data] read`` as a line with its end; empty if the defaults read the file."""
        if not self.options:
            return ""
        guess = (
            "  # guessed: see whether its letters are right" if "encoding" in self.options else ""
        )
        return f"{shown_options(**self.options)}{guess}\n"


def preview(data: Path) -> Preview:
    """The first rows of a table, read with the options of ``READERS`` that give most columns.

    The files of a folder without a table are its rows; a column of a table names files if each
    of its first cells is the path of one in a folder beside it. Raises the ``UsageError`` of the
    first options if none fit, and one for a folder with links that leave it.
    """
    refuse_strange(data)
    folders = folders_beside(data)
    table = first_table(data) if folders else None
    columns: dict[str, ColumnReading] = {}
    if table is not None:
        for name, cells in _preview(table, DEFAULT_OPTIONS).rows.items():
            folder = named_folder(cells.dropna().head(MAX_CHECKED), data, folders)
            if folder is not None:
                columns[str(name)] = ColumnReading(kind="bytes", files=folder)
    return _preview(data, TableReadOptions(files=rows_of_files(data), columns=columns))


def _preview(data: Path, declared: TableReadOptions, encoding: str = "") -> Preview:
    """The best preview; of text that is not UTF-8 with the encoding that it probably has."""
    first: UsageError | None = None
    best: Preview | None = None
    for marks in READERS:
        options = {**marks, **({"encoding": encoding} if encoding else {})}
        reader = declared.model_copy(update=options)
        try:
            names = tuple(column_names(data, reader))
            if best is not None and len(names) <= len(best.names):
                continue
            rows = read_first_rows(data, reader)
            refuse_commas(rows, reader, data.name)
        except UsageError as error:
            first = first or error
            continue
        columns = {column.name: column for column in infer_columns(rows)}
        best = Preview(names, rows, columns, options, reader)
    if best is None:
        assert first is not None
        if isinstance(first, WrongEncodingError) and not encoding:
            return _preview(data, declared, first.likely)
        raise first
    return best
