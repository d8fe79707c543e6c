"""Read files of rows to predict as JSON rows."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.data.csv_files import read_csv
from packager.data.declared_values import nested
from packager.data.memory_limit import check_room, fitting_memory
from packager.data.model_input import seconds
from packager.data.parquet_files import parquet_schema
from packager.data.parquet_open import refuse_too_large
from packager.data.rows.csv_cells import parse_cells
from packager.data.sources.listing import Format, has_table_suffix
from packager.data.sources.table import SourceTable, column_names
from packager.errors import UsageError
from packager.manifest.base import Kind
from packager.manifest.manifest import Schema
from packager.manifest.read_options import DEFAULT_OPTIONS, FileRows, TableReadOptions

_CELL_BYTES = 64
"""Minimum bytes of a cell as a Python object in a row."""


def read_rows(
    path: Path, schema: Schema, reader: TableReadOptions = DEFAULT_OPTIONS
) -> list[dict[str, Any]]:
    """Rows to predict, as plain JSON values: from CSV, Parquet, arrays of NumPy, .json or .jsonl.

    JSON is a list of rows or ``{"rows": […]}``. A folder of files, or any other file, is rows of a
    package whose rows are files, or whose only feature is bytes. Columns that the schema lacks
    (such as the target) are left out of tables. CSV is read with the options of the package's own
    data (``reader``), or with commas and decimal points if only these yield a column of the schema.
    CSV cells are parsed by the schema's kinds, so the text ``007`` stays text; a cell that doesn't
    fit stays text, which ``check_rows`` refuses.
    """
    if path.suffix.lower() in (".json", ".jsonl"):
        return read_json_rows(path)
    known = {column.name: column.kind for column in (*schema.features, *schema.extras)}
    source = _opened(path, schema, reader)
    form, files = source.files.format, source.files.table
    if form == "csv":
        texts = {n: "str" for n in source.table_columns if known.get(n) != "any"}
        frame = source.beside.whole(read_csv(files, source.reader, dtype=texts))
    else:
        if form == "parquet":
            refuse_too_large(files, parquet_schema(files), of_a_cell=_CELL_BYTES)
        frame = source.read()
    frame = frame.rename(columns=_renamed(source, schema))
    names = [name for name in frame.columns if name in known]
    with fitting_memory(path):
        columns = [_plain(frame[name], known[name], form, source.reader) for name in names]
        size = sum(len(cell) for cells in columns for cell in cells if isinstance(cell, str))
        check_room(path, "rows to send", size, f"{len(frame):,} rows whose text is spelled out")
        if not columns:
            return [{} for _ in range(len(frame))]
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def given_columns(path: Path, schema: Schema, reader: TableReadOptions) -> list[str]:
    """The names of the columns of a file of rows that is not JSON."""
    source = _opened(path, schema, reader)
    renamed = _renamed(source, schema)
    return [renamed.get(name, name) for name in source.columns]


def _opened(path: Path, schema: Schema, reader: TableReadOptions) -> SourceTable:
    """The rows of ``path``, read as those of the package's own data, as far as they are alike."""
    only = schema.features[0] if len(schema.features) == 1 else None
    content = reader.files.content if reader.files is not None else only and only.name
    is_files = reader.files is not None or (only is not None and only.kind == "bytes")
    reader = reader.model_copy(update={"files": None})
    if content is not None and is_files and not _is_table(path):
        return SourceTable(path, reader.model_copy(update={"files": FileRows(content=content)}))
    known = {column.name for column in (*schema.features, *schema.extras)}
    return SourceTable(path, _fitting(path, known, reader))


def _is_table(path: Path) -> bool:
    """Whether ``path`` is a table, or a folder with one or with arrays at its top."""
    return any(has_table_suffix(file) for file in (path.iterdir() if path.is_dir() else [path]))


def _renamed(source: SourceTable, schema: Schema) -> dict[str, str]:
    """The name of a single array → that of the only array among the features."""
    wanted = [column.name for column in schema.features if column.kind == "array"]
    arrays = [one.name for one in source.beside.arrays]
    alone = len(wanted) == len(arrays) == 1 and wanted[0] not in source.columns
    return {arrays[0]: wanted[0]} if alone else {}


def _fitting(path: Path, known: Collection[str], reader: TableReadOptions) -> TableReadOptions:
    """``reader``, or the same with the usual marks if only that finds a known column."""
    usual = reader.with_usual_marks()
    if usual == reader:
        return reader
    try:
        if set(column_names(path, reader)) & set(known):
            return reader
    except UsageError:
        pass
    try:
        return usual if set(column_names(path, usual)) & set(known) else reader
    except UsageError:
        return reader


def read_json_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a .json or .jsonl file; raise ``UsageError`` if it holds something else."""

    def refuse(constant: str) -> None:
        raise ValueError(f"the number {constant}, which JSON doesn't have")

    try:
        with fitting_memory(path):
            text = path.read_text(encoding="utf-8-sig")
            if path.suffix.lower() == ".jsonl":
                lines = [line for line in text.split("\n") if line.strip()]
                rows: Any = [json.loads(line, parse_constant=refuse) for line in lines]
            else:
                rows = json.loads(text, parse_constant=refuse)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected JSON, got {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: expected JSON, got some that is too deeply nested") from error
    if isinstance(rows, dict):
        rows = rows.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(
            f"{path}: expected a list of objects, or an object with such a list under 'rows'",
            'write [{"column": value, …}, …], or in .jsonl one object on each line',
        )
    return rows


def _plain(series: pd.Series[Any], kind: Kind, form: Format, reader: TableReadOptions) -> list[Any]:
    if form == "csv" and kind != "any":
        cells = series.astype(object).tolist()
        if str(series.name) in reader.folders:
            return [_json(cell, kind) if isinstance(cell, bytes) else None for cell in cells]
        return parse_cells(cells, kind, reader)
    null = series.isna()
    cells = series.astype(object).tolist()
    return [None if gone else _json(cell, kind) for cell, gone in zip(cells, null, strict=True)]


def _json(cell: Any, kind: Kind) -> Any:
    """A cell of a typed file as a JSON value; unsupported ones as text, which is refused later."""
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if isinstance(cell, bytes) and kind == "bytes":
        return base64.b64encode(cell).decode()
    if isinstance(cell, list):
        return [_json(one, "any") for one in cell]
    if cell is None:
        return None
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, np.ndarray | list | tuple):
        return nested(cell)
    if isinstance(cell, bytes) and kind == "bytes":
        return base64.b64encode(cell).decode()
    if isinstance(cell, Decimal) and kind == "decimal":
        return format(cell, "f")
    if isinstance(cell, Decimal):
        cell = int(cell) if kind == "integer" and cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, dt.time | dt.timedelta) and kind == "number":
        cell = seconds(cell)
    if kind == "integer" and isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    plain = isinstance(cell, str | bool | int) or (isinstance(cell, float) and math.isfinite(cell))
    return cell if plain else str(cell)
