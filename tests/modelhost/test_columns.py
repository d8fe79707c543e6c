"""Columns come back as they were encoded, in both forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.columns import ColumnSpec, decode_columns, encode_labels, encode_values
from modelhost.errors import PackageError

VALUES = {
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(-(2**70), 2**70),
    "boolean": st.booleans(),
    "string": st.text(),
    "datetime": st.integers(-(2**62), 2**62),
    "any": st.booleans() | st.integers() | st.text(),
}


def back(encoded):
    return decode_columns(encoded.described, encoded.buffers, encoded.rows)


def listed(values):
    found = values.tolist() if isinstance(values, np.ndarray) else values
    return [None if value != value or value == -(1 << 63) else value for value in found]


@pytest.mark.slow
@given(st.sampled_from(sorted(VALUES)), st.integers(0, 40), st.data())
def test_values_come_back(kind, rows, data):
    values = data.draw(st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows))
    (found,) = back(encode_values([values], [ColumnSpec("x", kind, "object")], rows))
    assert listed(found) == values
    assert [type(one) for one in listed(found)] == [type(one) for one in values]


@given(st.lists(st.none() | st.text() | st.floats(allow_nan=False) | st.integers(), max_size=40))
def test_labels_come_back(labels):
    (found,) = back(encode_labels(labels))
    assert (found.tolist() if isinstance(found, np.ndarray) else found) == labels


def test_categories_keep_their_values_not_codes() -> None:
    spec = ColumnSpec("size", "integer", "category", (10, 20, 30))
    values = [30, None, *[10] * 20]
    (found,) = back(encode_values([values], [spec], len(values)))
    assert found == values


@pytest.mark.parametrize(
    ("described", "buffers"),
    [
        ({"as": "pickle"}, []),
        ({"as": "array", "type": "|O", "nulls": False}, [b"12345678"]),
        ({"as": "array", "type": "<f8", "nulls": False}, [b"1234567"]),
        ({"as": "array", "type": "<f8", "nulls": False}, []),
        ({"as": "text", "nulls": False}, [b"a"]),
        ({"as": "json", "values": [1, 2]}, []),
        ({}, []),
    ],
)
def test_other_columns_are_refused(described, buffers):
    with pytest.raises(PackageError, match="columns on the model's connection"):
        decode_columns([described], buffers, 1)


def test_a_missing_float_is_nan() -> None:
    (found,) = back(encode_values([[1.5, None] * 10], [ColumnSpec("x", "number", "float64")], 20))
    assert found[0] == 1.5
    assert math.isnan(found[1])
