"""Arrays as lists in Arrow: shape and type in the field, and errors for lists that are none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.array_column import ArrayColumn, ArrayDtype
from packager.data.array_fields import (
    ELEMENTS,
    KEY,
    array_cells,
    array_column_of,
    array_field,
    field_dtype,
)

TWO = ArrayDtype("uint8", (2,))


@given(
    st.sampled_from(sorted(ELEMENTS)),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.booleans(), max_size=5),
)
def test_arrays_are_read_as_they_were(element: str, shape: list[int], absent: list[bool]) -> None:
    block = np.arange(len(absent) * np.prod(shape)).reshape(len(absent), *shape) % 2
    block[np.array(absent, bool)] = 0
    column = ArrayColumn(block.astype(element), np.array(absent, bool))
    field = array_field("x", column.dtype)
    assert field_dtype(field) == column.dtype
    cells = pa.chunked_array([array_cells(column)])
    again = array_column_of(cells, column.dtype, "x")
    assert again.dtype == column.dtype
    assert np.array_equal(again.block, column.block)
    assert again.isna().tolist() == absent


def test_a_column_without_metadata_is_none() -> None:
    assert field_dtype(pa.field("x", pa.list_(pa.int16()))) is None


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b'{"element": "object", "shape": [1]}', b'{"element": "int8", "shape": []}'],
)
def test_other_metadata_is_refused(text: bytes) -> None:
    with pytest.raises(Exception, match="column 'x': expected the shape and type of its arrays"):
        field_dtype(pa.field("x", pa.list_(pa.int16()), metadata={KEY: text}))


@pytest.mark.parametrize(
    ("cells", "got"),
    [([[1, 2, 3]], "another length"), ([[1, None]], "a null in one"), ([[1, 300]], "got others")],
)
def test_lists_that_are_no_such_arrays_are_refused(cells: list[list[int]], got: str) -> None:
    chunked = pa.chunked_array([pa.array(cells, pa.list_(pa.int16()))])
    with pytest.raises(Exception, match=f"column 'x': expected .* {got}"):
        array_column_of(chunked, TWO, "x")
