"""A value is written as a constant only if the text gives an equal value of the same types."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.capture.literals import MAX_LITERAL, literal_text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_plain_values_come_back_equal(value: object) -> None:
    text = literal_text(value)
    if text is not None:
        assert eval(text, {"float": float}) == value


def test_special_floats_are_written_as_calls() -> None:
    assert literal_text(math.inf) == "float('inf')"
    assert math.isnan(eval(literal_text(math.nan) or "", {"float": float}))


@pytest.mark.parametrize("value", [np.float64(1.0), np.arange(2), object(), [object()], print])
def test_other_objects_are_no_constants(value: object) -> None:
    assert literal_text(value) is None


def test_what_is_long_is_data() -> None:
    assert literal_text("x" * MAX_LITERAL) is None
