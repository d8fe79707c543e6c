"""Values as text, with their unit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.grafana import units
from packager.deploy.grafana.units import PanelUnit

UNITS = [one for one in vars(units).values() if isinstance(one, PanelUnit)]


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (units.SHARE, 0.8712, "87.1 %"),
        (units.SHARE, -17.18, "-1,718 %"),
        (units.POINTS, -0.021, "-2.1 points"),
        (units.SECONDS, 0.0175, "17.5 ms"),
        (units.SECONDS, 0.0000031, "3.1 µs"),
        (units.SECONDS, 1.25, "1.25 s"),
        (units.SECONDS, 7_200, "2 h"),
        (units.SECONDS, 0, "0 s"),
        (units.REQUESTS, 3.936, "3.94/s"),
        (units.COUNT, 18_456.4, "18,456"),
        (units.COUNT, 2.0, "2"),
        (units.COUNT, 0.861, "0.861"),
        (units.PSI, 0.21349, "0.213"),
        (units.Z, -3.31, "-3.3"),
        (units.BITS, 0.1, "0.100 bits"),
        (units.ERROR, 512.34, "512.3"),
        (units.TIMES, 14.4, "14.4 x"),
        (units.MOMENT, 1_700_000_000_000, "2023-11-14 22:13 UTC"),
        (units.MOMENT, 1e300, "-"),
        (units.PSI, math.nan, "-"),
    ],
)
def test_a_value_is_written_with_its_unit(unit: PanelUnit, value: float, text: str) -> None:
    assert unit.written(value) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_has_a_short_text(value: float) -> None:
    for unit in UNITS:
        text = unit.written(value)
        assert text
        assert len(text) < 420
