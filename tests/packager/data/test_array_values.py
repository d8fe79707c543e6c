"""Canonical values of arrays, against the plain implementation of docs/fingerprint.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import reference_dfp1 as reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from packager.data.array_values import hash_arrays, write_values
from packager.errors import UsageError

KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float"}


def values(cells: npt.NDArray[Any]) -> list[int]:
    out = np.empty(len(cells), np.uint64)
    write_values(cells, out)
    return [int(one) for one in out]


def expected(cell: npt.NDArray[Any]) -> int:
    kind = KINDS[cell.dtype.kind]
    items = [(kind, value) for value in cell.reshape(-1).tolist()]
    return int(reference.canonical("array", (cell.shape, items)))


@given(
    arrays.arrays(
        st.sampled_from(["?", "i1", "u2", "i8", "u8", "f2", "f4", "f8"]),
        arrays.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4),
    )
)
def test_every_cell_has_the_value_of_the_page(cells: npt.NDArray[Any]) -> None:
    assert values(cells) == [expected(cell) for cell in cells]


@pytest.mark.parametrize("dtype", ["f2", "f4", "i1", "u1", "i2", "i4", "i8", "u8"])
def test_the_width_of_a_number_does_not_matter(dtype: str) -> None:
    wide = np.array([[[1, 0, 3], [4, 5, 6]]], "f8")
    assert values(wide.astype(dtype)) == values(wide)


def test_shape_and_class_matter() -> None:
    row = np.array([[1, 0, 1, 1]])
    alike = [row, row.reshape(1, 2, 2), row.reshape(1, 1, 4), row.astype(bool), row[:, :3]]
    assert len({values(one)[0] for one in alike}) == len(alike)


def test_zero_has_one_sign_and_nan_one_payload() -> None:
    payload = np.array([0x7FF8_0000_0000_1234, 0xFFF8 << 48], np.uint64).view("f8")
    assert values(np.array([[-0.0, np.nan]])) == values(np.array([[0.0, payload[0]]]))
    assert values(payload.reshape(2, 1)) == values(np.array([[np.nan], [np.nan]]))


def test_integers_beyond_float64_stay_apart() -> None:
    near = np.array([[2**53 + 1], [2**53 + 2], [2**53]], np.int64)
    assert len(set(values(near))) == 3
    assert values(near.astype(np.uint64)) == values(near)


def test_empty_arrays_and_no_rows() -> None:
    assert values(np.empty((2, 0))) == [expected(np.empty(0))] * 2
    assert values(np.empty((0, 3))) == []


def test_rows_are_equal_over_the_borders_of_the_buffer() -> None:
    cells = np.tile(np.arange(5_000, dtype="f4"), (20, 1))
    assert len(set(values(cells))) == 1


def test_a_null_row_is_null_whatever_is_there() -> None:
    cells, absent = np.ones((3, 2)), np.array([False, True, False])
    found = hash_arrays(cells, "x", absent)
    out = np.empty(3, np.uint64)
    assert found.write(0, 3, out) == 1
    assert (int(out[1]), out[0] == out[2]) == (reference.tag("null"), True)
    assert found.types == {"array"}
    assert hash_arrays(cells, "x", np.ones(3, bool)).types == frozenset()


@pytest.mark.parametrize("dtype", ["c8", "U3", "O", "M8[ns]", "g"])
def test_other_elements_are_refused_by_name(dtype: str) -> None:
    with pytest.raises(UsageError, match="column 'x': expected an array of numbers or booleans"):
        hash_arrays(np.zeros((1, 2), dtype), "x")


GOLDEN = json.loads((Path(__file__).parent / "golden_dfp1.json").read_text(encoding="utf-8"))
PARSE: dict[str, Any] = {"b": lambda text: text == "True", "f": float, "i": int, "u": int}


@pytest.mark.parametrize("one", GOLDEN["arrays"], ids=lambda one: one["name"])
def test_golden_arrays(one: dict[str, Any]) -> None:
    dtype = np.dtype(one["element"])
    cells = np.array([PARSE[dtype.kind](text) for text in one["cells"]], dtype)
    block = cells.reshape(1, *one["shape"])
    assert [f"{value:016x}" for value in values(block)] == [one["value"]]
    assert expected(block[0]) == int(one["value"], 16)
