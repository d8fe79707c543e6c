from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data import key_sketch
from packager.data.key_sketch import KeySketch, key_hashes, key_kinds
from packager.errors import UsageError

pytestmark = pytest.mark.slow


def rows(ids: range, shop: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"id": list(ids), "shop": shop, "value": np.arange(len(ids)) / 7})


def test_rows_are_found_by_their_key_whatever_else_they_hold() -> None:
    sketch = KeySketch.of(rows(range(100)), ["id"])
    found = sketch.overlap(key_hashes(rows(range(90, 120), "b").iloc[::-1], ["id"]))
    assert (found.rows, found.exact) == (10, True)
    assert sketch.keys == 100


def test_the_names_of_the_columns_do_not_count_but_their_order_does() -> None:
    sketch = KeySketch.of(rows(range(100)), ["id", "shop"])
    named = rows(range(100)).rename(columns={"id": "customer", "shop": "branch"})
    assert sketch.overlap(key_hashes(named, ["customer", "branch"])).rows == 100
    assert sketch.overlap(key_hashes(named, ["branch", "customer"])).rows == 0
    assert sketch.overlap(key_hashes(rows(range(100), "b"), ["id", "shop"])).rows == 0


def test_of_many_keys_the_overlap_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sketch, "MAX_HASHES", 2_000)
    sketch = KeySketch.of(rows(range(20_000)), ["id"])
    found = sketch.overlap(key_hashes(rows(range(10_000, 30_000)), ["id"]))
    assert not found.exact
    assert 9_000 < found.rows < 11_000
    assert sketch.overlap(key_hashes(rows(range(20_000, 30_000)), ["id"])).rows == 0


def test_the_kinds_of_keys() -> None:
    frame = pd.DataFrame(
        {"whole": [1, 2], "gaps": [1.0, None], "text": ["1", None], "both": ["a", 1], "none": None}
    )
    kinds = ("number", "number", "string", "number|string", "null")
    assert key_kinds(frame, list(frame)) == KeySketch.of(frame, list(frame)).kinds == kinds


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"\[data\] key: expected a column 'customer'"):
        KeySketch.of(rows(range(3)), ["customer"])


@given(st.sets(st.integers(-(2**40), 2**40)), st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_the_overlap_of_few_keys_is_that_of_the_sets(seen: set[int], new: list[int]) -> None:
    frame = pd.DataFrame({"id": pd.Series(sorted(seen), dtype="int64")})
    others = pd.DataFrame({"id": pd.Series(new, dtype="int64")})
    found = KeySketch.of(frame, ["id"]).overlap(key_hashes(others, ["id"]))
    assert (found.rows, found.exact) == (sum(one in seen for one in new), True)
