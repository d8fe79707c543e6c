"""Added, removed and changed rows: as a multiset, or by a key."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.tables.row_diff import MAX_EXAMPLES, diff_rows

ROWS = st.lists(st.integers(0, 5), max_size=20)


def blocks(values: list[int], size: int = 3) -> list[pd.DataFrame]:
    """A table in blocks; the first is empty, as a table's is."""
    frame = pd.DataFrame({"x": pd.Series(values, dtype="int64")})
    return [frame.iloc[:0], *(frame.iloc[at : at + size] for at in range(0, len(frame), size))]


@pytest.mark.slow
@given(ROWS, ROWS)
def test_without_a_key_rows_are_compared_with_their_repeats(one, other):
    found = diff_rows(lambda: blocks(one), lambda: blocks(other, 7), ())
    assert found.added == sum((Counter(other) - Counter(one)).values())
    assert found.removed == sum((Counter(one) - Counter(other)).values())
    assert (found.changed, found.changed_cells) == (0, {})
    assert len(found.added_rows) == min(found.added, MAX_EXAMPLES)
    assert all(row["x"] in (Counter(other) - Counter(one)) for row in found.added_rows)


TABLES = st.dictionaries(st.integers(0, 9), st.sampled_from("abc"), max_size=8)


@pytest.mark.slow
@given(TABLES, TABLES)
def test_with_a_key_a_row_is_added_removed_changed_or_equal(one, other):
    def frames(table):
        frame = pd.DataFrame(
            {
                "id": pd.Series(list(table), dtype="int64"),
                "v": pd.Series(list(table.values()), dtype="str"),
            }
        )
        return lambda: [frame.iloc[:0], frame]

    found = diff_rows(frames(one), frames(other), ["id"])
    both = one.keys() & other.keys()
    changed = {key for key in both if one[key] != other[key]}
    assert found.added == len(other.keys() - one.keys())
    assert found.removed == len(one.keys() - other.keys())
    assert found.changed == len(changed)
    assert found.changed_cells.get("v", 0) == len(changed)
    for before, after in found.changed_rows:
        assert (one[before["id"]], other[after["id"]]) == (before["v"], after["v"])


def test_only_columns_of_both_are_compared():
    one = pd.DataFrame({"id": [1, 2], "old": [5, 6]})
    other = pd.DataFrame({"id": [1, 2], "new": ["a", "b"]})
    found = diff_rows(lambda: [one], lambda: [other], ["id"])
    assert (found.added, found.removed, found.changed) == (0, 0, 0)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (["absent"], "--key-columns absent: expected a column of both tables"),
        (["v"], "got repeated ones in the second table"),
    ],
)
def test_a_key_that_is_none_is_refused(key, message):
    one = pd.DataFrame({"v": [1, 2]})
    other = pd.DataFrame({"v": [1, 1]})
    with pytest.raises(UsageError, match=message):
        diff_rows(lambda: [one], lambda: [other], key)
