"""Answers as bytes in a store: the same JSON comes back, within a bound."""

from __future__ import annotations

import math
import os
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitoring.feedback.canonical import digest
from monitoring.feedback.own_answers import MAX_BYTES, packed, unpacked

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_an_answer_comes_back_with_the_same_digest(answer: Any) -> None:
    raw = packed(answer)
    assert raw is not None
    assert digest(unpacked(raw)) == digest(answer)


def test_what_is_too_large_or_no_json_is_not_kept() -> None:
    assert packed(os.urandom(MAX_BYTES).hex()) is None
    assert packed([0.0] * 100_000) is not None  # it is small once compressed
    assert packed({1: 2}) is None
    assert unpacked(packed([math.inf]) or b"") == [None]


def test_other_bytes_are_no_answer() -> None:
    assert unpacked(b"") is None
    assert unpacked(b"x" * 20) is None
