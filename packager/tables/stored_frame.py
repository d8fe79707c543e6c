"""Rows of a version as a frame, with its columns of arrays as one block each."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from packager.data.array_fields import array_column_of, field_dtype
from packager.data.parquet_files import plain_frame


def stored_frame(
    table: pa.Table, floats: Iterable[str] = (), schema: pa.Schema | None = None
) -> pd.DataFrame:
    """As ``plain_frame``; columns that ``schema`` declares as arrays become such."""
    schema = table.schema if schema is None else schema
    declared = {field.name: dtype for field in schema if (dtype := field_dtype(field)) is not None}
    if not declared:
        return plain_frame(table, floats, schema)
    rest = [name for name in schema.names if name not in declared]
    plain_schema = pa.schema([field for field in schema if field.name not in declared])
    frame = plain_frame(table.select(rest), floats, plain_schema)
    index = pd.RangeIndex(len(table))
    columns = {
        name: pd.Series(array_column_of(table[name], declared[name], name), index)
        if name in declared
        else frame[name]
        for name in schema.names
    }
    return pd.DataFrame(columns, index, copy=False)
