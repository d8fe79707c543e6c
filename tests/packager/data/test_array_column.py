"""Columns of arrays in frames of pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from packager.data.array_column import ArrayColumn, ArrayDtype, array_column

BLOCK = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)


def column(absent: list[bool] | None = None) -> ArrayColumn:
    return ArrayColumn(BLOCK, None if absent is None else np.array(absent))


def test_its_dtype_names_element_and_shape():
    assert str(column().dtype) == "array[uint8, 2x3]"
    with pytest.raises(TypeError, match="expected an ArrayDtype, got 'array'"):
        ArrayDtype.construct_from_string("array")


def test_selections_stay_one_block():
    frame = pd.DataFrame({"x": column(), "y": [1, 2, 3, 4]})
    for some in (frame.iloc[1:3], frame[frame["y"].between(2, 3)], frame.loc[[1, 2]]):
        found = array_column(some["x"])
        assert found is not None
        assert np.array_equal(found.block, BLOCK[1:3])
    both = array_column(pd.concat([frame, frame], ignore_index=True)["x"])
    assert both is not None
    assert both.block.shape == (8, 2, 3)


def test_cells_are_read_only_views():
    cell = column()[2]
    assert np.array_equal(cell, BLOCK[2])
    with pytest.raises(ValueError, match="read-only"):
        cell[0, 0] = 9


def test_null_cells():
    found = column([False, True, False, False])
    assert found.isna().tolist() == [False, True, False, False]
    assert found[1] is None
    series = pd.Series(found)
    assert series.notna().sum() == 3
    kept = array_column(series.dropna())
    assert kept is not None
    assert kept.absent is None
    assert found.take([0, -1], allow_fill=True).isna().tolist() == [False, True]


def test_distinct_cells():
    twice = ArrayColumn(np.concatenate([BLOCK, BLOCK[:1]]))
    codes, uniques = twice.factorize()
    assert codes.tolist() == [0, 1, 2, 3, 0]
    assert np.array_equal(uniques.block, BLOCK)
    assert pd.Series(twice).nunique() == 4
    holes = ArrayColumn(np.concatenate([BLOCK[:1], BLOCK[:2]]), np.array([True, False, False]))
    codes, uniques = holes.factorize()
    assert codes.tolist() == [-1, 0, 1]
    assert np.array_equal(uniques.block, BLOCK[:2])


def test_from_cells():
    made = ArrayColumn.of([np.ones((2, 2)), None, float("nan")], ArrayDtype("float32", (2, 2)))
    assert made.block.dtype == np.float32
    assert made.isna().tolist() == [False, True, True]


def test_as_objects():
    found = column([True, False, False, False]).astype(object)
    assert found.shape == (4,)
    assert found[0] is None
    assert np.array_equal(found[3], BLOCK[3])
    with pytest.raises(TypeError, match=r"expected array.uint8, 2x3. or object, got int64"):
        column().astype("int64")


def test_another_column_is_none():
    assert array_column(pd.Series([1, 2])) is None
