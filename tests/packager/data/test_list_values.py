"""Lists of numbers have the values that ``canonical`` gives one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.canonical import canonical
from packager.data.list_values import number_lists

pytestmark = pytest.mark.slow

NUMBERS = st.floats() | st.integers(-(2**53), 2**53)
LISTS = st.lists(NUMBERS, max_size=6)
ARRAYS = st.lists(st.floats(width=32), max_size=6).map(lambda one: np.array(one, "f4"))


@given(st.lists(LISTS | LISTS.map(tuple) | ARRAYS, max_size=8))
def test_each_list_has_the_value_of_its_outline(values: list[Any]) -> None:
    found = number_lists(values)
    assert found is not None
    assert [int(one) for one in found] == [canonical(value)[1] for value in values]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u2", "i8", "u8"])
def test_arrays_of_one_dtype(dtype: str) -> None:
    values = [np.arange(size, dtype=dtype) for size in (3, 0, 5)]
    found = number_lists(values)
    assert found is not None
    assert [int(one) for one in found] == [canonical(value)[1] for value in values]


@pytest.mark.parametrize(
    "odd",
    [
        [True], [None], ["a"], [[1.0]], [2**53 + 1], [np.float32(1)], None, "text", {"a": 1}, 3.5,
        np.array([[1.0]]), np.array([2**60]), np.array([True]), np.array(["a"]), np.array(3.0),
    ],
    ids=repr,
)  # fmt: skip
def test_anything_else_is_left_to_the_rule_for_one_cell(odd: Any) -> None:
    assert number_lists([[1.0], odd]) is None
    assert number_lists([odd]) is None


def test_many_long_lists_are_done_in_chunks() -> None:
    values = [[float(n)] * 3_000 for n in range(9)]
    found = number_lists(values)
    assert found is not None
    assert [int(one) for one in found] == [canonical(value)[1] for value in values]
