"""Names of levels: short where that is enough, else whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.scoring.levels import number_name


@pytest.mark.parametrize(
    ("value", "name"), [(0.05, "0.05"), (12.0, "12"), (0.1234567, "0.1234567"), (1e-9, "1e-09")]
)
def test_a_name_is_as_short_as_it_can_be(value: float, name: str) -> None:
    assert number_name(value) == name


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_name_is_that_of_one_number(value: float) -> None:
    assert float(number_name(value)) == value
