"""New rows in Parquet as CSV, for a package that was built from CSV.

Its companion reads no Parquet: only packages of Parquet carry pyarrow (decision 003).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from packager.data import frames
from packager.data.csv_writer import ENDS, LineFeeds
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions


def write_as_csv(source: Path, file: Path, reader: TableReadOptions) -> None:
    """Write the rows at ``source`` to ``file`` in the form that ``reader`` reads.

    A null is an empty cell. Raise ``UsageError`` for a column that CSV can't hold.
    """
    frame = frames.read(source)
    written = pd.DataFrame({name: _texts(str(name), frame[name], reader) for name in frame.columns})
    with file.open("w", encoding=reader.encoding or "utf-8", newline="") as lines:
        fed: Any = LineFeeds(lines)  # pandas only writes to it
        written.to_csv(
            fed,
            index=False,
            sep=reader.separator or ",",
            quotechar=reader.quote or '"',
            lineterminator=ENDS,
        )


def _texts(name: str, column: pd.Series[Any], reader: TableReadOptions) -> list[str | None]:
    cells = column.astype(object).tolist()
    absent = column.isna().tolist()
    return [
        None if gone else _text(name, cell, reader)
        for cell, gone in zip(cells, absent, strict=True)
    ]


def _text(name: str, cell: Any, reader: TableReadOptions) -> str:
    if isinstance(cell, bool | str):
        return str(cell)
    if isinstance(cell, float):
        plain = str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        return plain.replace(".", reader.decimal) if reader.decimal else plain
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat())
    if isinstance(cell, bytes | list | tuple | dict) or hasattr(cell, "__len__"):
        raise UsageError(
            f"column {name!r}: expected values that CSV can hold, got {type(cell).__name__}",
            "the package was built from CSV, so its companion reads no Parquet: write new rows as "
            "its data were written",
        )
    return str(cell)
