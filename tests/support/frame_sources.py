"""Sources of rows that are frames in memory."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from packager.tables.arrow_schema import stored_schema
from packager.tables.source import RowSource


def frame_source(frame: pd.DataFrame) -> RowSource:
    """The rows of a frame; its columns must have text as names and values that Arrow stores."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    schema = stored_schema(table.schema, "the frame")
    floats = tuple(
        field.name
        for field in table.schema
        if pa.types.is_integer(field.type) and table[field.name].null_count
    )
    return RowSource("the frame", schema, floats, (), lambda: iter([table]))
