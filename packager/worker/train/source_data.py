"""Read the data under ``/data`` with the project's options, and convert it to model input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data import frames
from packager.data.csv_files import read_csv
from packager.data.model_input import to_model_input
from packager.data.null_words import null_words
from packager.data.sources.listing import source_files
from packager.data.sources.table import SourceTable
from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.manifest.read_options import TableReadOptions
from packager.model.paths import Root
from packager.worker.job import Job


@dataclass(frozen=True)
class SourceData:
    """The source data: every row and column, and the files with digests."""

    frame: pd.DataFrame
    """As in the files; the fingerprint and row hashes are computed from it."""
    files: tuple[FileEntry, ...]
    reader: TableReadOptions

    @cached_property
    def served(self) -> pd.DataFrame:
        """The same rows as model input."""
        return to_model_input(self.frame, self.reader)


def read_source(root: Root, reader: TableReadOptions) -> SourceData:
    """Read everything under ``/data/source``; raise ``UsageError`` if it can't be read."""
    return read_data(root.source, reader)


def read_data(path: Path, reader: TableReadOptions) -> SourceData:
    """Read the file or folder ``path``; raise ``UsageError`` if it can't be read."""
    listing = source_files(path, reader)
    files = tuple(FileEntry.of(file, listing.name(file)) for file in listing.all)
    return SourceData(frames.read(path, reader), files, reader)


def read_held_out(source: SourceData, job: Job, root: Root) -> SourceData:
    """Read the split's held-out file with the source's columns; ``UsageError`` if one is absent."""
    held_files = source_files(root.test, source.reader, root.source)
    if held_files.format == "csv":
        # A text column stays text, even if all its values in this file are numeric.
        columns = frames.infer_columns(source.frame)
        texts = {column.name: "str" for column in columns if column.kind == "string"}
        table = SourceTable(root.test, source.reader, root.source)
        held_out = table.as_declared(read_csv(held_files.table, source.reader, dtype=texts))
    else:
        held_out = frames.read(root.test, source.reader, root.source)
    names = list(source.frame.columns)
    for name in names:
        if name not in held_out.columns:
            raise UsageError(
                f"[data] split: expected column {name!r} in {job.split.file!r}, which lacks it",
                "the held-out file needs the columns of the source",
            )
    return _HeldOut(held_out[names], (), source.reader, source.served)


@dataclass(frozen=True)
class _HeldOut(SourceData):
    like: pd.DataFrame
    """The source as model input."""

    @cached_property
    def served(self) -> pd.DataFrame:
        served = to_model_input(self.frame, self.reader)
        for name in served.columns:
            served[name] = _alike(served[name], self.like[name])
        return served


def _alike(column: pd.Series[Any], source: pd.Series[Any]) -> pd.Series[Any]:
    """Convert a held-out column to the dtype of its source if needed and possible.

    Raise ``UsageError`` for times that differ from the source in having an offset.
    """
    dtype: Any = source.dtype
    types = pd.api.types
    widened = types.is_float_dtype(dtype) and types.is_integer_dtype(column.dtype)
    if widened or isinstance(dtype, pd.CategoricalDtype):
        return column.astype(dtype)
    if not types.is_datetime64_any_dtype(dtype) or column.dtype == dtype:
        return column
    if column.isna().all():
        return column.astype(dtype)
    zoned = isinstance(dtype, pd.DatetimeTZDtype)
    is_datetime = types.is_datetime64_any_dtype(column.dtype)
    if not is_datetime or isinstance(column.dtype, pd.DatetimeTZDtype) != zoned:
        raise UsageError(
            f"[data] split: expected times {'with' if zoned else 'without'} an offset in "
            f"{column.name!r} of the held-out file, as in the source, got {column.dtype}",
            "write both files alike",
        )
    return column.astype(dtype)


def labels_read_as_null(source: SourceData, root: Root, target: str, absent: int) -> dict[str, int]:
    """Text read as null → its number of rows in the target; "" is the empty cell."""
    listing = source_files(root.source, source.reader)
    if not absent:
        return {}
    if listing.format != "csv":
        return {"": absent}
    return null_words(listing.table, source.reader, [target]).get(target, {"": absent})


def rows_of(frame: pd.DataFrame, mask: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows of a mask with a new index; ``frame`` itself, not copied, if that is all rows."""
    if mask.all():
        return frame
    taken = frame.loc[mask]
    taken.index = pd.RangeIndex(len(taken))
    return taken
