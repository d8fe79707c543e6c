"""Rows of a version as a frame: declared arrays are one block, all else is as without them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from packager.data.array_column import ArrayColumn, ArrayDtype
from packager.data.array_fields import array_field
from packager.data.parquet_files import plain_frame
from packager.tables.stored_frame import stored_frame


def test_declared_arrays_are_blocks_and_other_lists_are_not() -> None:
    schema = pa.schema(
        [
            pa.field("a", pa.int64()),
            array_field("x", ArrayDtype("int16", (1, 2))),
            pa.field("l", pa.list_(pa.int16())),
        ]
    )
    table = pa.table({"a": [1, 2], "x": [[1, 2], None], "l": [[1], [2]]}, schema=schema)
    frame = stored_frame(table)
    assert [*frame.columns] == ["a", "x", "l"]
    assert isinstance(frame["x"].array, ArrayColumn)
    assert frame["x"].isna().tolist() == [False, True]
    assert np.array_equal(frame["x"].iloc[0], [[1, 2]])
    plain = table.select(["a", "l"])
    assert stored_frame(plain)["l"].map(list).tolist() == plain_frame(plain)["l"].map(list).tolist()
