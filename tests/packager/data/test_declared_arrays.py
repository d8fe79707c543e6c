"""Columns that a project declares as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.data.array_column import ArrayColumn, array_column
from packager.data.declared import with_declared
from packager.errors import UsageError
from packager.manifest.read_options import ColumnReading, TableReadOptions


def declared(element: str, *shape: int) -> TableReadOptions:
    reading = ColumnReading(kind="array", shape=shape, element=element)
    return TableReadOptions(columns={"x": reading})


def read(cells: Any, element: str = "uint8", *shape: int) -> ArrayColumn:
    frame = pd.DataFrame({"x": cells})
    found = array_column(with_declared(frame, declared(element, *shape), "d")["x"])
    assert found is not None
    return found


def test_lists_and_arrays_become_one_block():
    found = read([[1, 2, 3, 4], np.array([5, 6, 7, 8]), None], "uint8", 2, 2)
    assert found.block.dtype == np.uint8
    assert found.block[1].tolist() == [[5, 6], [7, 8]]
    assert found.isna().tolist() == [False, False, True]
    assert found.dtype.declared


def test_a_block_gets_the_declared_shape():
    given = ArrayColumn(np.arange(12).reshape(3, 4), declared=False)
    found = read(given, "uint8", 2, 2)
    assert found.block.shape == (3, 2, 2)
    assert found.dtype.declared


@pytest.mark.parametrize("cell", [[1, 2, 3], [1, 2, 3, 256], [1, 2, 3, 0.5], "1234", [[1, 2], [3]]])
def test_cells_that_do_not_fit_are_refused_by_row(cell: Any):
    with pytest.raises(UsageError, match=r"d: row 1, column 'x': expected (4|2x2) uint8 values"):
        read(pd.Series([[1, 2, 3, 4], cell], dtype=object), "uint8", 2, 2)


def test_floats_may_be_narrowed_but_not_to_infinity():
    assert read([[0.1, 0.2]], "float32", 2).block.dtype == np.float32
    with pytest.raises(UsageError, match="expected 2 float32 values"):
        read([[1e300, 0.2]], "float32", 2)


def test_other_columns_are_unchanged():
    frame = pd.DataFrame({"y": [1, 2]})
    assert with_declared(frame, declared("uint8", 2), "d").equals(pd.DataFrame({"y": [1, 2]}))
