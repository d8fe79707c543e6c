"""Summaries of a table's columns, from one pass over its blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.array_column import ArrayColumn
from packager.tables import summary as module
from packager.tables.summary import column_drifts, summarise

CELLS = st.lists(
    st.tuples(st.none() | st.floats(-100, 100), st.none() | st.sampled_from(["a", "b", "c"])),
    min_size=1,
    max_size=30,
)


@pytest.mark.slow
@given(CELLS, st.integers(1, 7))
def test_blocks_of_any_size_give_the_counts_of_the_whole(cells, size):
    frame = pd.DataFrame(
        {
            "x": pd.Series([x for x, _ in cells], dtype="float64"),
            "c": pd.Series([c for _, c in cells], dtype="str"),
        }
    )
    found = summarise(frame.iloc[at : at + size] for at in range(0, len(frame), size))
    numbers = frame["x"].dropna()
    assert found.rows == len(frame)
    assert found.columns["x"].nulls == int(frame["x"].isna().sum())
    assert found.columns["x"].distinct == numbers.nunique()
    if len(numbers):
        assert found.columns["x"].minimum == numbers.min()
        assert found.columns["x"].mean == pytest.approx(numbers.mean(), abs=1e-9)
    assert found.values.get("c", frozenset()) == frozenset(frame["c"].dropna())
    assert len(found.sample) == len(found.sample_hashes) == len(frame)


def test_a_sample_is_the_rows_with_the_smallest_hashes_however_they_come(monkeypatch):
    monkeypatch.setattr(module, "MAX_SAMPLE_ROWS", 10)
    frame = pd.DataFrame({"x": np.arange(200.0)})
    one = summarise([frame])
    other = summarise(frame[::-1].iloc[at : at + 7] for at in range(0, 200, 7))
    assert len(one.sample) == 10
    assert set(one.sample["x"]) == set(other.sample["x"])
    assert sorted(one.sample_hashes) == sorted(np.sort(one.hashes)[:10])


def test_many_distinct_values_are_counted_no_further(monkeypatch):
    monkeypatch.setattr(module, "MAX_VALUES", 5)
    found = summarise([pd.DataFrame({"c": [f"v{n}" for n in range(9)]})])
    assert found.columns["c"].distinct is None
    assert found.values == {}


def test_infinity_and_lists_are_summarised():
    frame = pd.DataFrame({"x": [np.inf, 1.0], "l": [[1], [1, 2]], "b": [True, False]})
    found = summarise([frame])
    assert (found.columns["x"].minimum, found.columns["x"].maximum) == (1.0, 1.0)
    assert found.columns["l"].distinct == 2
    assert found.columns["b"].mean is None


def test_drift_is_reported_by_column_the_largest_first_and_new_words_with_it():
    draw = np.random.default_rng(0)
    before = pd.DataFrame(
        {"x": draw.normal(size=900), "y": draw.normal(size=900), "c": ["a", "b", "c"] * 300}
    )
    after = before.assign(x=before["x"] + 3, c=["a", "b", "new"] * 300, z=1)
    found = column_drifts(summarise([before]), summarise([after]))
    assert found[0].psi >= found[1].psi >= found[2].psi
    assert {one.name for one in found} == {"x", "y", "c"}
    told = {one.name: one for one in found}
    assert told["x"].notable
    assert not told["y"].notable
    assert told["c"].unseen == ("new",)


def test_columns_of_other_kinds_and_empty_tables_are_not_compared():
    numbers, texts = pd.DataFrame({"x": [1.0, 2.0]}), pd.DataFrame({"x": ["a", "b"]})
    assert column_drifts(summarise([numbers]), summarise([texts])) == []
    assert column_drifts(summarise([numbers]), summarise([numbers.iloc[:0]])) == []


def test_a_column_that_became_null_moved():
    one = pd.DataFrame({"x": [1.0] * 300})
    other = pd.DataFrame({"x": [1.0, None, None] * 100})
    (found,) = column_drifts(summarise([one]), summarise([other]))
    assert found.notable


@pytest.mark.slow
def test_arrays_and_text_drift_by_what_is_derived_from_them():
    def table(seed, light, words):
        draw = np.random.default_rng(seed)
        block = draw.normal(5, 1, (500, 3, 3)) * light
        notes = [" ".join(draw.choice(words, 6)) for _ in range(500)]
        return summarise([pd.DataFrame({"x": pd.Series(ArrayColumn(block)), "note": notes})])

    words = [f"word{n}" for n in range(200)]
    same = column_drifts(table(0, 1, words), table(1, 1, words))
    assert not any(one.notable for one in same)
    found = column_drifts(table(0, 1, words), table(1, 0.5, [f"mot{n}" for n in range(200)]))
    assert {"x.mean", "x.distance", "note.unseen"} <= {one.name for one in found if one.notable}
    assert {one.column for one in found} == {"x", "note"}
    again = table(0, 1, words)
    assert not any(one.notable for one in column_drifts(again, again))
