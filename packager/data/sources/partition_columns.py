"""The partitions of a Parquet table as columns of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.parquet_open import opened_parquet, readable, row_count
from packager.data.sources.partitions import Partition

Cells = npt.NDArray[np.int64] | npt.NDArray[np.float64] | Any


class PartitionColumns:
    """The partitions of a Parquet table as columns after those of its files."""

    def __init__(
        self, partitions: Sequence[Partition], files: Sequence[Path], text: Sequence[str] = ()
    ) -> None:
        """``files``: the table's; ``text``: partitions whose values are text in any case."""
        self._partitions = {partition.name: partition for partition in partitions}
        self._kinds = {
            partition.name: partition.kind(text=partition.name in text) for partition in partitions
        }
        self._files = files
        self._ends: npt.NDArray[np.int64] | None = None

    @property
    def names(self) -> list[str]:
        """Their names, in the order of the folders."""
        return list(self._partitions)

    @property
    def floats(self) -> list[str]:
        """Integer partitions with nulls; a frame stores them as floats."""
        return [
            name
            for name, partition in self._partitions.items()
            if self._kinds[name] == "integer" and None in partition.values
        ]

    @property
    def rows(self) -> int:
        """The number of rows of the table."""
        ends = self._row_ends()
        return int(ends[-1]) if len(ends) else 0

    def cells(self, first: int, rows: int) -> dict[str, Cells]:
        """Name → cells of ``rows`` rows of the table from the row ``first``: shape (rows,)."""
        if not self._partitions:
            return {}
        numbers = np.arange(first, first + rows)
        indices = np.searchsorted(self._row_ends(), numbers, side="right")
        return {name: self._of_files(name)[indices] for name in self._partitions}

    def field(self, name: str) -> Any:
        """The Arrow field of a partition."""
        import pyarrow as pa

        return pa.field(name, pa.int64() if self._kinds[name] == "integer" else pa.string())

    def added(self, table: Any) -> Any:
        """The Arrow table of all rows with the partitions as its last columns."""
        import pyarrow as pa

        for name, cells in self.cells(0, len(table)).items():
            field = self.field(name)
            table = table.append_column(field, pa.array(cells, field.type, from_pandas=True))
        return table

    def constant(self, file: int, name: str, rows: int) -> Any:
        """``rows`` cells of the partition in the file at the index ``file``, in Arrow."""
        import pyarrow as pa

        value = self._partitions[name].values[file]
        integer = self._kinds[name] == "integer" and value is not None
        cell = pa.scalar(int(str(value)) if integer else value, self.field(name).type)
        return pa.repeat(cell, rows)

    def _of_files(self, name: str) -> Cells:
        """The cell of each file: shape (files,)."""
        values = self._partitions[name].values
        if self._kinds[name] == "string":
            cells: Any = [np.nan if value is None else value for value in values]
            return pd.array(cells, pd.StringDtype("python", na_value=np.nan))
        if None in values:
            return np.array([np.nan if value is None else int(value) for value in values])
        return np.array([int(str(value)) for value in values], np.int64)

    def _row_ends(self) -> npt.NDArray[np.int64]:
        """The number of the row after the last one of each file: shape (files,)."""
        if self._ends is None:
            counts = []
            for file in self._files:
                with readable(file), opened_parquet(file) as opened:
                    counts.append(row_count(file, opened.metadata))
            self._ends = np.cumsum(np.array(counts, np.int64))
        return self._ends
