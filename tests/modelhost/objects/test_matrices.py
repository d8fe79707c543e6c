"""Arrays and texts from rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from modelhost.objects.matrices import matrix, text_column, texts


def test_numbers_and_nulls_become_an_array() -> None:
    rows = pd.DataFrame({"a": [1, 2], "b": [None, 0.5], "c": [True, False]})
    assert np.array_equal(matrix(rows), [[1, np.nan, 1], [2, 0.5, 0]], equal_nan=True)
    mixed = pd.DataFrame({"a": pd.Series([True, np.nan], dtype=object)})
    assert np.array_equal(matrix(mixed), [[1], [np.nan]], equal_nan=True)
    assert matrix(rows, np.float32, ["c"]).dtype == np.float32
    assert matrix([[1, 2]]).shape == (1, 2)


def test_a_column_of_arrays_is_stacked() -> None:
    rows = pd.DataFrame({"image": [np.zeros((2, 3)), np.ones((2, 3))]})
    assert matrix(rows, np.float32).shape == (2, 2, 3)


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame({"a": [1.0, 2.5]}),
        pd.DataFrame({"a": [1.0, None]}),
        pd.DataFrame({"a": [np.array([1.5]), np.array([2.0])]}),
        np.array([[np.nan]]),
    ],
)
def test_whole_numbers_are_no_rest_of_a_fraction_or_a_null(rows: pd.DataFrame) -> None:
    assert matrix(rows).shape[1] == 1
    with pytest.raises(ValueError, match="the model takes whole numbers, got a null or a fraction"):
        matrix(rows, np.int64)


def test_whole_floats_become_whole_numbers() -> None:
    assert matrix(pd.DataFrame({"a": [1.0, -2.0]}), np.int32).tolist() == [[1], [-2]]


def test_text_is_no_number() -> None:
    with pytest.raises(ValueError, match="column 'a' holds other values than numbers"):
        matrix(pd.DataFrame({"a": ["x"]}))


def test_the_only_column_of_text_is_found() -> None:
    rows = pd.DataFrame({"n": [1, 2], "t": ["x", None]})
    assert texts(rows) == ["x", ""]
    assert text_column(pd.DataFrame({"n": [1]})).name == "n"
    with pytest.raises(ValueError, match="expected one column of text, got 2 among 'a', 'b'"):
        text_column(pd.DataFrame({"a": ["x"], "b": ["y"]}))
