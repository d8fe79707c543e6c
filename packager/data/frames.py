"""Read files of rows as data frames, and infer the columns of a frame.

Frames have plain pandas dtypes and an index 0…n-1, whichever program wrote the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from modelhost.list_kinds import kind_of_elements
from packager.data.array_column import ArrayColumn, array_column
from packager.data.csv_files import csv_names
from packager.data.csv_text import table_suffix
from packager.data.csv_types import read_csv_table
from packager.data.declared_arrays import with_declared_arrays
from packager.data.parquet_files import parquet_names, read_parquet
from packager.errors import UsageError
from packager.manifest.base import Kind, Scalar
from packager.manifest.manifest import Column
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

MAX_CATEGORIES = 10_000
MAX_SPARSE_CATEGORIES = 50
"""Text with more distinct values is free text if they exceed half the number of rows."""

Format = Literal["csv", "parquet"]
_FORMATS: dict[str, Format] = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}


def source_files(path: Path) -> tuple[Format, list[Path]]:
    """Format and files of a data source, in reading order (by relative posix path).

    In a folder, names that begin with ``.`` or ``_`` are skipped (Spark's ``_SUCCESS``). Raises
    ``UsageError`` for anything that isn't one table: no files, mixed formats, other suffixes, or
    ``key=value`` folders, whose values would be lost.
    """
    if path.is_file():
        return _format(path), [path]
    if not path.is_dir():
        raise UsageError(f"{path}: expected a file or a folder, found nothing")
    files = sorted(_visible(path, set()), key=lambda file: file.relative_to(path).as_posix())
    if not files:
        raise UsageError(f"{path}: expected .csv or .parquet files, got an empty folder")
    for file in files:
        keyed = [part for part in file.relative_to(path).parent.parts if "=" in part]
        if keyed:
            raise UsageError(
                f"{path}: expected plain folders, got the partition {keyed[0]!r}",
                "write the table without partitions, so that no column is stored in folder names",
            )
    formats = {_format(file): file for file in files}
    if len(formats) > 1:
        names = " and ".join(formats[name].name for name in sorted(formats))
        raise UsageError(f"{path}: expected files of one format, got {names}")
    return next(iter(formats)), files


def column_names(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> list[str]:
    """Names of the columns, from the first file's header only."""
    form, files = source_files(path)
    return _names(form, files[0], reader)


def same_columns(
    path: Path, reader: TableReadOptions = DEFAULT_OPTIONS
) -> tuple[Format, list[Path]]:
    """Format and files of a source; ``UsageError`` unless all have the first one's columns."""
    form, files = source_files(path)
    first = _names(form, files[0], reader)
    for file in files[1:]:
        names = _names(form, file, reader)
        if names != first:
            raise UsageError(
                f"{file}: expected the columns of {files[0].name} in the same order "
                f"({', '.join(first)}), got {', '.join(names)}",
                "give every file of the folder the same columns",
            )
    return form, files


def read(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> pd.DataFrame:
    """The table in a file or folder, with the types of its files; ``reader`` is for CSV.

    Raises ``UsageError`` if a file is unreadable, has no columns, repeats one, or has other columns
    than the first file, or if a cell does not match its column's declaration.
    """
    form, files = same_columns(path, reader)
    frame = read_csv_table(files, reader) if form == "csv" else read_parquet(files)
    return with_declared_arrays(frame, reader, path)


def infer_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """The columns as inferred from these rows; see ``Column`` for the fields.

    Category columns have the kind of their categories and keep all categories in their order; an
    ordered one has the dtype ``ordered category``. Infinite values don't widen the range.
    """
    return tuple(_infer(str(name), frame[name]) for name in frame.columns)


def _format(file: Path) -> Format:
    form = _FORMATS.get(table_suffix(file))
    if form is None or (form == "parquet" and file.suffix.lower() != ".parquet"):
        raise UsageError(
            f"{file}: expected a .csv or .parquet file, got {file.suffix or 'no suffix'!r}",
            "convert or rename it (.tsv, .csv.gz and the like are read too), or move what isn't "
            "data out of the folder",
        )
    return form


def _visible(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """Files below ``folder``; ``UsageError`` for a folder that links reach twice."""
    real = folder.resolve()
    if real in seen:
        raise UsageError(
            f"{folder}: expected each folder once, got a link to {real}, which is read already",
            "remove the link",
        )
    seen.add(real)
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from _visible(path, seen)
        elif path.is_file():
            yield path


def _names(form: Format, file: Path, reader: TableReadOptions) -> list[str]:
    return csv_names(file, reader) if form == "csv" else parquet_names(file)


def _infer(name: str, series: pd.Series[Any]) -> Column:
    block = array_column(series)
    if block is not None:
        return _array(name, block)
    present = series.dropna()
    dtype = str(series.dtype)
    categories: tuple[Scalar, ...] | None = None
    if isinstance(series.dtype, pd.CategoricalDtype):
        kind = _kind(series.dtype.categories.to_series())
        if kind in ("any", "datetime"):
            kind = "any"
        else:
            categories = tuple(series.dtype.categories.tolist())
        dtype = "ordered category" if series.dtype.ordered else dtype
    else:
        kind = _kind(series)
        if kind in ("string", "boolean"):
            distinct = present.unique().tolist()
            free = len(distinct) > min(
                MAX_CATEGORIES, max(MAX_SPARSE_CATEGORIES, len(present) // 2)
            )
            categories = None if free else tuple(sorted(distinct))
    low, high = _range(present, kind)
    return Column(
        name=name,
        kind=kind,
        dtype=dtype,
        nullable=len(present) < len(series),
        categories=categories,
        minimum=low,
        maximum=high,
        element=kind_of_elements(present) if kind == "list" else None,
    )


def _array(name: str, column: ArrayColumn) -> Column:
    numbers = column.block if column.absent is None else column.block[~column.absent]
    if numbers.dtype.kind == "f":
        numbers = numbers[np.isfinite(numbers)]
    ranged = numbers.size > 0 and numbers.dtype.kind != "b"
    return Column(
        name=name,
        kind="array",
        dtype="object",
        nullable=column.absent is not None,
        shape=column.dtype.shape,
        element=str(column.dtype.element),
        minimum=float(numbers.min()) if ranged else None,
        maximum=float(numbers.max()) if ranged else None,
    )


def _kind(series: pd.Series[Any]) -> Kind:
    types = pd.api.types
    if types.is_bool_dtype(series.dtype):
        return "boolean"
    if types.is_integer_dtype(series.dtype):
        return "integer"
    if types.is_float_dtype(series.dtype):
        return "number"
    if types.is_datetime64_any_dtype(series.dtype):
        return "datetime"
    values = types.infer_dtype(series, skipna=True)
    if values == "string" or isinstance(series.dtype, pd.StringDtype):
        return "string"
    if values in ("boolean", "bytes"):
        return cast(Kind, values)
    lists = len(series.dropna()) and all(isinstance(cell, list) for cell in series.dropna())
    return "list" if lists else "any"


def _range(present: pd.Series[Any], kind: Kind) -> tuple[float | None, float | None]:
    if isinstance(present.dtype, pd.CategoricalDtype):
        return None, None
    if kind == "datetime":
        values = present.astype("int64").to_numpy() * _nanoseconds(present)
    elif kind in ("number", "integer"):
        values = present.to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
    else:
        return None, None
    return (float(values.min()), float(values.max())) if len(values) else (None, None)


def _nanoseconds(series: pd.Series[Any]) -> float:
    return float(pd.Timedelta(1, unit=cast(Any, series.dt.unit)).value)
