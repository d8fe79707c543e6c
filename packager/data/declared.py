"""Cells as the project declares their columns: arrays, lists, bytes, dates, times and decimals.

A text cell of such a column is JSON (array, list), base64 (bytes), ISO 8601 (date, time) or a
decimal number, whichever file it is from.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from packager.data.declared_arrays import declared_array
from packager.data.declared_values import cell_converter, declared_values
from packager.manifest.read_options import TableReadOptions


def with_declared(
    frame: pd.DataFrame, reader: TableReadOptions, location: object, first: int = 0
) -> pd.DataFrame:
    """``frame`` with the cells of each declared column as declared.

    ``location``: the file or folder, for messages; ``first``: the number of the first row. Raises
    ``UsageError``, naming the row, for a cell that its column can't hold.
    """
    for name in frame.columns:
        array = reader.array(name)
        if array is not None:
            frame[name] = declared_array(frame[name], array, location, first)
            continue
        take = cell_converter(name, reader)
        if take is not None:
            frame[name] = declared_values(frame[name], take, location, first)
    return frame


def declared_blocks(
    frames: Iterator[pd.DataFrame], reader: TableReadOptions, location: object
) -> Iterator[pd.DataFrame]:
    """``with_declared`` of a table in blocks."""
    first = 0
    for frame in frames:
        yield with_declared(frame, reader, location, first)
        first += len(frame)
