"""Rows of a table with arrays or files beside it, in Arrow: each array and each file is a cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from packager.data.array_column import ArrayDtype, array_column
from packager.data.array_fields import array_cells, array_field
from packager.data.sources.numpy_files import NumpyArray
from packager.data.sources.table import SourceTable
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions

_LISTED = {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
_DECLARED = {"bytes": pa.binary(), "date": pa.date32(), "string": pa.string()}
_NOT_HELD = ("time", "decimal")


def composed_schema(source: SourceTable, table: pa.Schema) -> pa.Schema:
    """The columns of ``source``; ``table``: those of its table alone, empty without one.

    Raises ``UsageError`` for a column that is declared as what a versioned table can't hold.
    """
    beside = {array.name: _numpy_field(array) for array in source.external.arrays}
    partitions = source.external.partitions
    table = pa.schema([*table, *(partitions.field(name) for name in partitions.names)])
    return pa.schema(
        [
            beside[name] if name in beside else _field(name, source.reader, table)
            for name in source.columns
        ]
    )


def arrow_table(frame: pd.DataFrame, schema: pa.Schema, location: str) -> pa.Table:
    """The rows of ``frame`` in the types of ``schema``; ``UsageError`` for a cell of another."""
    columns = []
    for field in schema:
        arrays = array_column(frame[field.name])
        try:
            columns.append(
                pa.array(frame[field.name], field.type, from_pandas=True)
                if arrays is None
                else array_cells(arrays)
            )
        except (pa.ArrowException, OverflowError) as error:
            raise UsageError(
                f"{location}: column {field.name!r}: expected values that {field.type} holds, got "
                f"{error}",
                "store the column in a type that a Delta table has",
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def _field(name: str, reader: TableReadOptions, table: pa.Schema) -> pa.Field:
    declared, kind = reader.array(name), reader.kind(name)
    rows = reader.files
    if declared is not None:
        return array_field(name, ArrayDtype(*declared))
    if name in reader.folders or (rows is not None and name == rows.content):
        return pa.field(name, pa.binary())
    if rows is not None:
        return pa.field(name, pa.string())
    if kind in _NOT_HELD:
        raise UsageError(
            f"column {name!r}: expected a type that a Delta table has, got a declared {kind}",
            "leave its declaration out: it is then text, and can be declared where it is read",
        )
    if kind == "list":
        element = reader.columns[name].element
        return pa.field(name, pa.list_(_LISTED.get(str(element), pa.string())))
    return pa.field(name, _DECLARED[kind]) if kind in _DECLARED else table.field(name)


def _numpy_field(one: NumpyArray) -> pa.Field:
    dtype: np.dtype[Any] = one.dtype.newbyteorder("=")
    if len(one.shape) > 1:
        return array_field(one.name, ArrayDtype(dtype, one.shape[1:]))
    if dtype.kind == "U":
        return pa.field(one.name, pa.string())
    if dtype.kind == "M":
        return pa.field(one.name, pa.timestamp("us"))
    return pa.field(one.name, pa.from_numpy_dtype(dtype))
