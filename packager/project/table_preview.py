"""Previews a table: its first rows, its columns, and its read options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from packager.confinement import refuse_strange
from packager.data.frames import infer_columns
from packager.data.preview import read_first_rows, refuse_commas
from packager.data.sources.table import column_names
from packager.errors import UsageError
from packager.manifest.manifest import Column
from packager.manifest.read_options import TableReadOptions

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


def preview(data: Path) -> Preview:
    """The first rows of a table, read with the options of ``READERS`` that give most columns.

    Raises the ``UsageError`` of the first options if none fit, and one for a folder with links
    that leave it.
    """
    refuse_strange(data)
    first: UsageError | None = None
    best: Preview | None = None
    for options in READERS:
        reader = TableReadOptions(**options)
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
        best = Preview(names, rows, columns, options)
    if best is None:
        assert first is not None
        raise first
    return best
