"""A column of kind ``any`` may hold any JSON value; none of them breaks a slice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices.slices import SliceSet

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**310),
    st.floats(),
    st.text(max_size=3),
)
RULES = (
    "x > 1",
    "x != 'a'",
    "x in [1, 'a', True]",
    "not x",
    "-x / 2 + 1 > 0",
    "x >= '2020-01-01'",
    "x == y",
    "x < y",
)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@given(st.lists(st.tuples(SCALARS, SCALARS), min_size=1, max_size=8))
def test_a_rule_can_be_applied_to_anything(rule: str, cells: list[tuple[object, object]]) -> None:
    frame = pd.DataFrame(cells, columns=["x", "y"], dtype=object)
    mask = SliceSet({}, {"rule": rule}).masks(frame)["rule"]
    assert mask.dtype == np.bool_
    assert mask.shape == (len(frame),)


@given(st.lists(SCALARS, min_size=1, max_size=8))
def test_anything_is_in_one_slice_of_its_column(cells: list[object]) -> None:
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    masks = SliceSet({"x": ("1", "a", "True")}, {}).masks(frame)
    parts = [mask for name, mask in masks.items() if name != "__all__"]
    assert np.sum(parts, axis=0).tolist() == [1] * len(frame)
