"""Files with rows → data frames, and what the columns of a frame are.

Frames have plain pandas dtypes and a fresh 0…n-1 index whatever wrote the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from packager.data.csvfiles import CSV_OPTIONS, csv_names, parse_cells, read_csv
from packager.data.parquetfiles import parquet_names, read_parquet
from packager.errors import UsageError
from packager.manifest import Column, Schema
from packager.noun import Kind, Scalar

__all__ = [
    "CSV_OPTIONS",
    "column_names",
    "infer_columns",
    "keep_text_plain",
    "read",
    "read_rows",
    "same_columns",
    "source_files",
]

MAX_CATEGORIES = 10_000
FEW_CATEGORIES = 50
"""Text of more values than this is free text where they are more than half as many as rows."""

Format = Literal["csv", "parquet"]
_FORMATS: dict[str, Format] = {".csv": "csv", ".parquet": "parquet"}


def keep_text_plain() -> None:
    """Hold text in Python's own strings in this process, whether pyarrow is there or not.

    Else a model trained beside pyarrow could hold arrays that nothing without it can load.
    """
    pd.set_option("mode.string_storage", "python")


def source_files(path: Path) -> tuple[Format, list[Path]]:
    """Format and files of a data source, in reading order (by relative posix path).

    In a folder, names that begin with ``.`` or ``_`` are passed over (Spark's ``_SUCCESS``).
    Raises ``UsageError`` for anything that isn't one table: no files, mixed formats, other
    suffixes, or ``key=value`` folders, whose values would be lost.
    """
    if path.is_file():
        return _format(path), [path]
    if not path.is_dir():
        raise UsageError(f"{path}: expected a file or a folder, got nothing there")
    files = sorted(_visible(path), key=lambda file: file.relative_to(path).as_posix())
    if not files:
        raise UsageError(f"{path}: expected .csv or .parquet files, got an empty folder")
    for file in files:
        keyed = [part for part in file.relative_to(path).parent.parts if "=" in part]
        if keyed:
            raise UsageError(
                f"{path}: expected plain folders, got the partition {keyed[0]!r}",
                "write the table without partitions, so that no column lives in folder names",
            )
    formats = {_format(file): file for file in files}
    if len(formats) > 1:
        names = " and ".join(formats[name].name for name in sorted(formats))
        raise UsageError(f"{path}: expected files of one format, got {names}")
    return next(iter(formats)), files


def column_names(path: Path) -> list[str]:
    """Names of the columns, from the first file's header only."""
    form, files = source_files(path)
    return _names(form, files[0], CSV_OPTIONS)


def same_columns(path: Path, options: Mapping[str, Any]) -> tuple[Format, list[Path]]:
    """Format and files of a source, all with the columns of the first, or a ``UsageError``."""
    form, files = source_files(path)
    first = _names(form, files[0], options)
    for file in files[1:]:
        names = _names(form, file, options)
        if names != first:
            raise UsageError(
                f"{file}: expected the columns of {files[0].name} in the same order "
                f"({', '.join(first)}), got {', '.join(names)}",
                "give every file of the folder the same columns",
            )
    return form, files


def read(path: Path, options: Mapping[str, Any] = CSV_OPTIONS) -> pd.DataFrame:
    """The table in a file or folder. ``options`` are those of ``pandas.read_csv``, for CSV only.

    Raises ``UsageError`` if a file is unreadable, has no columns, names one twice, or has other
    columns than the first file.
    """
    form, files = same_columns(path, options)
    return read_csv(files, options) if form == "csv" else read_parquet(files)


def read_rows(path: Path, schema: Schema) -> list[dict[str, Any]]:
    """Rows to predict, as plain JSON values: from .csv, .parquet, .json or .jsonl.

    JSON is a list of rows or ``{"rows": […]}``. Tables may hold more columns than the schema
    knows (the target, say): those are left out. CSV cells are read by the schema's kinds, so
    the text ``007`` stays text; a cell that doesn't fit stays text for ``check_rows`` to refuse.
    """
    if path.suffix.lower() in (".json", ".jsonl"):
        return _read_json(path)
    form, files = same_columns(path, CSV_OPTIONS)
    known = {column.name: column for column in (*schema.features, *schema.extras)}
    if form == "csv":
        texts = {name: "str" for name, column in known.items() if column.kind != "any"}
        frame = read_csv(files, CSV_OPTIONS, dtype=texts)
    else:
        frame = read_parquet(files)
    names = [name for name in frame.columns if name in known]
    columns = [_plain(frame[name], known[name].kind, form) for name in names]
    if not columns:
        return [{} for _ in range(len(frame))]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def infer_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """What each column holds, as found in these rows; see ``Column`` for the fields.

    Category columns have the kind of their categories and keep all of them in their own order;
    an ordered one has the dtype ``ordered category``. Infinite values don't widen the range.
    """
    return tuple(_infer(str(name), frame[name]) for name in frame.columns)


def _format(file: Path) -> Format:
    form = _FORMATS.get(file.suffix.lower())
    if form is None:
        raise UsageError(
            f"{file}: expected a .csv or .parquet file, got {file.suffix or 'no suffix'!r}",
            "convert it, or move what isn't data out of the folder",
        )
    return form


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from _visible(path)
        elif path.is_file():
            yield path


def _names(form: Format, file: Path, options: Mapping[str, Any]) -> list[str]:
    if form == "csv":
        return csv_names(file, options)
    return parquet_names(file)


def _read_json(path: Path) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise ValueError(f"the number {constant}, which JSON doesn't have")

    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".jsonl":
            lines = [line for line in text.split("\n") if line.strip()]
            rows = [json.loads(line, parse_constant=refuse) for line in lines]
        else:
            rows = json.loads(text, parse_constant=refuse)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected JSON, got {error}") from error
    if isinstance(rows, dict):
        rows = rows.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(
            f"{path}: expected a list of objects, or an object with such a list under 'rows'",
            'write [{"column": value, …}, …]',
        )
    return rows


def _plain(series: pd.Series[Any], kind: Kind, form: Format) -> list[Any]:
    if form == "csv" and kind != "any":
        return parse_cells(series.astype(object).tolist(), kind)
    null = series.isna()
    cells = series.astype(object).tolist()
    return [None if gone else _json(cell, kind) for cell, gone in zip(cells, null, strict=True)]


def _json(cell: Any, kind: Kind) -> Any:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if kind == "integer" and isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


def _infer(name: str, series: pd.Series[Any]) -> Column:
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
            free = len(distinct) > min(MAX_CATEGORIES, max(FEW_CATEGORIES, len(present) // 2))
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
    return "boolean" if values == "boolean" else "any"


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
