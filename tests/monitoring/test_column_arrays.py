from __future__ import annotations

import numpy as np

from monitoring.column_arrays import ColumnArrays, ColumnLayout, joined

LAYOUT = ColumnLayout([0, 3], {1: ("a", "b"), 3: (True,)})
ARRAYS = ColumnArrays(LAYOUT, np.array([[1.0, 2.0], [1.0, np.nan]]), np.array([[1, 2], [3, 4]]))


def test_each_value_of_each_column_and_each_null_has_its_own_code() -> None:
    assert LAYOUT.codes == {1: {"a": 0, "b": 1, None: 2}, 3: {True: 3, None: 4}}
    assert (LAYOUT.numbers, LAYOUT.categories) == ({0: 0, 3: 1}, {1: 0, 3: 1})


def test_one_array_translates_the_codes_of_all_columns() -> None:
    found = LAYOUT.translated(lambda column, value: column * 10 + (value is None))
    assert found[ARRAYS.codes].tolist() == [[10, 11], [30, 31]]


def test_rows_of_numbers_are_chosen_by_column() -> None:
    assert ARRAYS.rows_of([0, 3]) is ARRAYS.numbers
    chosen = ARRAYS.rows_of([0])
    assert chosen is not None
    assert chosen.tolist() == [[1.0, 2.0]]
    assert ARRAYS.rows_of([0, 1]) is None


def test_rows_are_chosen_and_joined_again() -> None:
    for parts in (
        [ARRAYS.at(slice(0, 1)), ARRAYS.at(slice(1, 2))],
        [ARRAYS.at(np.array([0])), ARRAYS.at(np.array([1]))],
        [ARRAYS],
    ):
        whole = joined(parts)
        np.testing.assert_array_equal(whole.numbers, ARRAYS.numbers)
        assert whole.codes.tolist() == ARRAYS.codes.tolist()
        assert whole.layout is LAYOUT
