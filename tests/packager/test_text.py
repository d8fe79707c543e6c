"""Values in messages: cut, and made of no more than what is shown."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from packager.data.rows.column_converter import short
from packager.text import beginning

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(min_size=90),
    lambda inner: st.lists(inner, max_size=100) | st.dictionaries(st.text(), inner),
    max_leaves=120,
)


@given(VALUES)
def test_the_first_characters_are_those_of_the_whole(value: Any) -> None:
    for ascii_only in (True, False):
        whole = json.dumps(value, ensure_ascii=ascii_only)
        part = json.dumps(beginning(value), ensure_ascii=ascii_only)
        assert part[:80] == whole[:80]
        assert (len(part) > 80) == (len(whole) > 80)


def test_little_is_made_of_a_large_value() -> None:
    large = {"a" * 1_000_000: [["b" * 1_000_000] * 1_000_000] * 1_000_000}
    assert len(json.dumps(beginning(large))) < 20_000
    assert short(large) == '{"' + "a" * 77 + "…"


def test_deep_and_long_ones() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    assert short(deep) == "[" * 79 + "…"
    assert short(10**9_000) == '"a whole number of 29898 bits"'
