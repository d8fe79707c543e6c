"""Fixed-size lists of Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from packager.data.array_column import array_column
from packager.data.parquet_arrays import is_array
from packager.data.parquet_files import parquet_blocks, read_parquet

CELLS = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(12, dtype=np.float32)), 4)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.list_(pa.float32(), 4), True),
        (pa.list_(pa.list_(pa.bool_(), 2), 4), True),
        (pa.list_(pa.string(), 4), False),
        (pa.list_(pa.float32()), False),
        (pa.int64(), False),
    ],
)
def test_which_types_are_arrays(kind: pa.DataType, expected: bool):
    assert is_array(kind) is expected


def test_a_file_is_read_as_one_block(tmp_path: Path):
    file = tmp_path / "d.parquet"
    parquet.write_table(pa.table({"x": CELLS, "y": [1, 2, 3]}), file)
    found = array_column(read_parquet([file])["x"])
    assert found is not None
    assert found.block.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert found.block.dtype == np.float32
    assert not found.dtype.declared
    blocks = [array_column(block["x"]) for block in parquet_blocks([file], 2)]
    assert [None if one is None else len(one) for one in blocks] == [0, 2, 1]


def test_null_cells_and_nulls_within_a_cell(tmp_path: Path):
    file = tmp_path / "d.parquet"
    kind = pa.list_(pa.int64(), 2)
    parquet.write_table(pa.table({"x": pa.array([[1, 2], None, [5, 6]], kind)}), file)
    found = array_column(read_parquet([file])["x"])
    assert found is not None
    assert found.isna().tolist() == [False, True, False]
    assert found.block[2].tolist() == [5, 6]
    parquet.write_table(pa.table({"x": pa.array([[1, None], [5, 6]], kind)}), file)
    assert array_column(read_parquet([file])["x"]) is None


def test_deep_lists_have_a_shape(tmp_path: Path):
    file = tmp_path / "d.parquet"
    kind = pa.list_(pa.list_(pa.int8(), 3), 2)
    parquet.write_table(pa.table({"x": pa.array([[[1, 2, 3], [4, 5, 6]]], kind)}), file)
    found = array_column(read_parquet([file])["x"])
    assert found is not None
    assert found.dtype.shape == (2, 3)
