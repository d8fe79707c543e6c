"""Read files of rows to predict as JSON rows."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.data.csv_files import csv_blocks, read_csv
from packager.data.csv_format_error import as_packaged
from packager.data.declared_values import nested
from packager.data.json_rows import json_blocks
from packager.data.memory_limit import check_room, fitting_memory
from packager.data.model_input import seconds
from packager.data.parquet_files import parquet_blocks, parquet_schema
from packager.data.parquet_open import refuse_too_large
from packager.data.rows.csv_cells import parse_cells
from packager.data.sources.listing import Format, has_table_suffix, source_files
from packager.data.sources.table import SourceTable, column_names
from packager.errors import UsageError
from packager.manifest.base import Kind
from packager.manifest.manifest import Schema
from packager.manifest.read_options import (
    DEFAULT_OPTIONS,
    ColumnReading,
    FileRows,
    TableReadOptions,
)

BLOCK_ROWS = 10_000
_CELL_BYTES = 64
"""Minimum bytes of a cell as a Python object in a row."""


def read_rows(
    path: Path, schema: Schema, reader: TableReadOptions = DEFAULT_OPTIONS
) -> list[dict[str, Any]]:
    """All rows of ``row_blocks``; raise ``UsageError`` if they don't fit in memory."""
    with fitting_memory(path):
        if path.suffix.lower() == ".parquet":
            refuse_too_large([path], parquet_schema([path]), of_a_cell=_CELL_BYTES)
        rows: list[dict[str, Any]] = []
        size = 0
        for block in row_blocks(path, schema, reader):
            rows += block
            texts = (len(one) for row in block for one in row.values() if isinstance(one, str))
            size += _CELL_BYTES * len(block) + sum(texts)
            check_room(path, "rows", size, f"{len(rows):,} rows with their text so far")
    return rows


def row_blocks(
    path: Path, schema: Schema, reader: TableReadOptions = DEFAULT_OPTIONS
) -> Iterator[list[dict[str, Any]]]:
    """Rows to predict, as plain JSON values: from CSV, Parquet, arrays of NumPy, .json or .jsonl.

    JSON is a list of rows or ``{"rows": […]}``. A folder of files, or any other file, is rows of a
    package whose rows are files, or whose only feature is bytes. Columns that the schema lacks
    (such as the target) are left out of tables. CSV is read with the options of the package's own
    data (``reader``), or with commas and decimal points if only these yield a column of the schema.
    CSV cells are parsed by the schema's kinds, so the text ``007`` stays text; a cell that doesn't
    fit stays text, which ``check_rows`` refuses.

    Memory is bounded by a block, but for ``.json``, and for CSV with a column of the kind ``any``,
    whose type depends on all of its cells.
    """
    if path.suffix.lower() in (".json", ".jsonl"):
        yield from json_blocks(path)
        return
    with as_packaged():
        yield from _table_blocks(path, schema, reader)


def _table_blocks(
    path: Path, schema: Schema, reader: TableReadOptions
) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table or of files."""
    known = {column.name: column.kind for column in (*schema.features, *schema.extras)}
    source = _opened(path, schema, reader)
    renamed = _renamed(source, schema)
    for block in _frames(source, known):
        frame = block.rename(columns=renamed)
        names = [name for name in frame.columns if name in known]
        form, own = source.files.format, source.reader
        columns = [plain_cells(frame[name], known[name], form, own) for name in names]
        if columns:
            yield [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
        else:
            yield [{} for _ in range(len(frame))]


def _frames(source: SourceTable, known: Mapping[str, Kind]) -> Iterator[pd.DataFrame]:
    """The table in blocks."""
    form, files = source.files.format, source.files.table
    if form == "csv":
        texts = {n: "str" for n in source.table_columns if known.get(n) != "any"}
        if len(texts) < len(source.table_columns):
            with fitting_memory(source.path):
                yield source.external.whole(read_csv(files, source.reader, dtype=texts))
            return
        blocks = csv_blocks(files, source.reader, BLOCK_ROWS, texts, {})
        yield from source.external.blocks(blocks)
    elif form == "parquet":
        yield from source.blocks(parquet_blocks(files, BLOCK_ROWS))
    else:
        yield from source.blocks(source.plain_blocks(BLOCK_ROWS))


def given_columns(path: Path, schema: Schema, reader: TableReadOptions) -> list[str]:
    """The names of the columns of a file of rows that is not JSON."""
    with as_packaged():
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
    return SourceTable(path, reader_for(path, schema, reader))


def reader_for(path: Path, schema: Schema, reader: TableReadOptions) -> TableReadOptions:
    """Reader of the rows of ``path`` for a package whose own data are read as ``reader`` says.

    See ``fitting_reader``. Partitions that are text in the package are text, also if all values
    of these rows look like integers.
    """
    columns = (*schema.features, *schema.extras)
    fitting = fitting_reader(path, {column.name for column in columns}, reader)
    target = () if schema.target is None else (schema.target,)
    kinds = {column.name: column.kind for column in (*columns, *target)}
    texts = {
        partition.name: ColumnReading(kind="string")
        for partition in source_files(path, fitting).partitions
        if kinds.get(partition.name) == "string" and fitting.kind(partition.name) is None
    }
    return (
        fitting.model_copy(update={"columns": {**fitting.columns, **texts}}) if texts else fitting
    )


def _is_table(path: Path) -> bool:
    """Whether ``path`` is a table, or a folder with one or with arrays at its top."""
    return any(has_table_suffix(file) for file in (path.iterdir() if path.is_dir() else [path]))


def _renamed(source: SourceTable, schema: Schema) -> dict[str, str]:
    """The name of a single array → that of the only array among the features."""
    array_names = [column.name for column in schema.features if column.kind == "array"]
    arrays = [array.name for array in source.external.arrays]
    alone = len(array_names) == len(arrays) == 1 and array_names[0] not in source.columns
    return {arrays[0]: array_names[0]} if alone else {}


def fitting_reader(
    path: Path, known: Collection[str], reader: TableReadOptions
) -> TableReadOptions:
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


def plain_cells(
    series: pd.Series[Any], kind: Kind, form: Format, reader: TableReadOptions
) -> list[Any]:
    """The cells of a column as the values of a request, None for null."""
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
