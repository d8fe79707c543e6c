"""What detectors share about a table: codes of text, duplicate rows, samples by content."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.checks.table import nanoseconds, numbers_of, table_of

CELLS = st.none() | st.sampled_from(["a", "b", "ü", ""])


@pytest.mark.slow
@given(st.lists(CELLS, min_size=1, max_size=30))
def test_codes_give_back_the_texts_and_counts_their_rows(cells):
    texts = table_of(pd.DataFrame({"x": pd.Series(cells, dtype=object)})).texts["x"]
    found = [None if code < 0 else texts.values[code] for code in texts.codes]
    assert found == cells
    assert texts.counts.tolist() == [cells.count(value) for value in texts.values]
    wanted = np.array([value == "a" for value in texts.values], dtype=bool)
    assert texts.rows_with(wanted).tolist() == [cell == "a" for cell in cells]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_copies_are_rows_with_equal_features_whatever_the_target_is(values):
    frame = pd.DataFrame({"x": values, "y": range(len(values))})
    table = table_of(frame, "y")
    assert table.copies.tolist() == [values.count(value) for value in values]
    assert len(set(table.hashes.tolist())) == len(values)


@given(st.permutations(range(20)), st.integers(0, 25))
def test_a_sample_holds_the_same_rows_in_whatever_order_they_stand(order, most):
    frame = pd.DataFrame({"x": np.arange(20) ** 2})
    one, other = table_of(frame), table_of(frame.iloc[list(order)].reset_index(drop=True))
    chosen = [set(table.frame["x"].iloc[table.sample(most)]) for table in (one, other)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == min(most, 20)


def test_a_sample_is_taken_among_the_rows_that_are_requested():
    table = table_of(pd.DataFrame({"x": range(10)}))
    among = np.arange(10) % 2 == 0
    assert set(table.sample(3, among).tolist()) <= {0, 2, 4, 6, 8}
    assert table.sample(99, among).tolist() == [0, 2, 4, 6, 8]


def test_booleans_and_times_are_neither_numbers_nor_text():
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "b": [True, False],
            "t": pd.to_datetime(["2024-01-01", None]),
            "s": ["a", "b"],
        }
    )
    table = table_of(frame)
    assert table.numeric == ("n",)
    assert set(table.texts) == {"s"}
    assert table.distinct("t") == 1
    assert table.distinct("b") == 2


def test_cells_without_a_hash_are_distinguished_by_what_is_written():
    cells = [[1, 2], np.array([1, 2]), [3], None]
    texts = table_of(pd.DataFrame({"x": pd.Series(cells, dtype=object)}), hashes=np.arange(4)).texts
    assert texts["x"].codes.tolist() == [0, 0, 1, -1]


def test_nulls_of_numbers_and_times_are_nan():
    assert np.isnan(numbers_of(pd.Series([1, None], dtype="Int64"))).tolist() == [False, True]
    ticks = nanoseconds(pd.Series(pd.to_datetime(["1970-01-01T00:00:01", None])).astype("M8[ns]"))
    assert ticks[0] == 1e9
    assert np.isnan(ticks[1])


def test_rows_are_fine_grained_where_equal_features_are_rare():
    assert table_of(pd.DataFrame({"x": range(10)})).fine_grained
    assert not table_of(pd.DataFrame({"x": [1, 1, 2, 3]})).fine_grained
    assert not table_of(pd.DataFrame({"x": [1]})).fine_grained
