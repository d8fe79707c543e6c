"""JSON values of array, list and bytes columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.nested_values import array_converter, list_converter, to_bytes


def taken(value: Any, shape: tuple[int, ...] = (2, 2), element: str = "uint8") -> Any:
    return array_converter(shape, element)(value)


def test_nested_lists_of_the_shape():
    found = taken([[1, 2], [3.0, 255]])
    assert found.dtype == np.uint8
    assert found.tolist() == [[1, 2], [3, 255]]
    assert taken([[True], [False]], (2, 1), "bool").dtype == np.bool_
    assert taken(np.array([[1, 2], [3, 4]], np.uint8)).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("value", "element", "where"),
    [
        ([[1, 2], [3, 256]], "uint8", r"at \[1\]\[1\]"),
        ([[1, True], [3, 4]], "uint8", r"at \[0\]\[1\]"),
        ([[1, 2], ["3", 4]], "float32", r"at \[1\]\[0\]"),
        ([[1, 2], [3, None]], "float64", r"at \[1\]\[1\]"),
        ([[1, 2], [3, 1e39]], "float32", r"at \[1\]\[1\]"),
        ([[1, 2], [3, 2**24 + 1]], "float32", r"at \[1\]\[1\]"),
        ([[1, 2], [3, 2**53 + 1]], "float64", r"at \[1\]\[1\]"),
        ([[1, 2], [3, float("nan")]], "float64", r"at \[1\]\[1\]"),
        ([[1, 2], [3, 2**63]], "int64", r"at \[1\]\[1\]"),
        ([[1, 2.5], [3, 4]], "int64", r"at \[0\]\[1\]"),
        ([[1, 2], [3, 10**400]], "float64", r"at \[1\]\[1\]"),
        ([[1, 2], [3]], "uint8", r"with 2 values at \[1\]"),
        ([[1, 2]], "uint8", "2x2 uint8 values as nested lists"),
        (7, "uint8", "2x2 uint8 values as nested lists"),
        ([[1, 0], [1, 1]], "bool", r"with true or false at \[0\]\[0\]"),
    ],
)
def test_a_wrong_element_is_named_by_its_index(value: Any, element: str, where: str):
    with pytest.raises(ConversionError, match=where):
        taken(value, (2, 2), element)


def test_integers_of_64_bits_are_exact():
    assert taken([[2**63 - 1, -(2**63)], [1, 0]], (2, 2), "int64")[0].tolist() == [
        2**63 - 1,
        -(2**63),
    ]


@pytest.mark.parametrize(
    ("values", "dtype", "element"),
    [
        ([256], "int64", "uint8"),
        ([-1], "int64", "uint64"),
        ([2**63], "uint64", "int64"),
        ([1.5], "float32", "int8"),
        ([2.0**63], "float64", "int64"),
        ([np.nan], "float32", "float32"),
        ([np.inf], "float64", "float64"),
        ([1e39], "float64", "float32"),
        ([2**53 + 1], "int64", "float64"),
        ([2**24 + 1], "int32", "float32"),
        ([True], "bool", "uint8"),
        ([1], "uint8", "bool"),
    ],
)
def test_an_array_of_another_dtype_is_refused_unless_it_fits(
    values: list[Any], dtype: str, element: str
):
    with pytest.raises(ConversionError, match=r"\[0\]$"):
        taken(np.array(values, dtype), (1,), element)


@pytest.mark.parametrize(
    ("values", "dtype", "element"),
    [
        ([0, 255], "int64", "uint8"),
        ([3.0, -128.0], "float16", "int8"),
        ([2**63], "uint64", "float64"),
        ([2**54], "int64", "float32"),
        ([0.1, -0.0], "float64", "float32"),
        ([2**64 - 1], "uint64", "uint64"),
        ([-(2.0**63)], "float64", "int64"),
        ([True, False], "bool", "bool"),
    ],
)
def test_an_array_of_another_dtype_is_taken_as_its_numbers_in_json(
    values: list[Any], dtype: str, element: str
):
    given_array = np.array(values, dtype)
    found = taken(given_array, given_array.shape, element)
    assert found.dtype == element
    assert repr(found) == repr(taken(given_array.tolist(), given_array.shape, element))


@given(st.lists(st.one_of(st.integers(), st.floats(), st.booleans(), st.none()), max_size=4))
def test_what_is_taken_equals_what_was_sent(value: list[Any]):
    for element in ("float32", "int8", "int64", "float64"):
        try:
            found = array_converter((len(value),), element)(value)
        except ConversionError:
            continue
        for one, other in zip(value, found.tolist(), strict=True):
            assert other == (float(np.float32(one)) if element == "float32" else one)


def test_lists_name_the_place_of_a_wrong_element():
    def element(value: Any) -> Any:
        if not isinstance(value, str):
            raise ConversionError("text")
        return value

    take = list_converter(element)
    assert take(["a", None]) == ["a", None]
    with pytest.raises(ConversionError, match=r"a list with text at \[1\]"):
        take(["a", 1])
    with pytest.raises(ConversionError, match=r"^a list$"):
        take("a")


def test_bytes_are_strict_base64():
    assert to_bytes("AAE=") == b"\0\1"
    assert to_bytes(b"\1") == b"\1"
    for wrong in ("AAE", "A\nAE=", "é", "AAE=="):
        with pytest.raises(ConversionError, match="base64 text with padding"):
            to_bytes(wrong)
    with pytest.raises(ConversionError, match=r"^base64 text$"):
        to_bytes(1)
