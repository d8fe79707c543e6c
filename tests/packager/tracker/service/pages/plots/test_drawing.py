from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from packager.tracker.service.pages.plots.drawing import PlotScale, anchor, tick_text, value_text

numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_every_value_has_a_place_within_the_plot(values: list[float]):
    scale = PlotScale.of(values)
    places = [scale.at(one) for one in values]
    assert all(0 <= place <= 100 for place in places)
    assert len(scale.ticks()) <= 12


def test_ticks_are_round():
    assert PlotScale(0.62, 0.97).ticks() == [0.7000000000000001, 0.8, 0.9]
    assert [tick_text(one) for one in PlotScale(0.62, 0.97).ticks()] == ["0.7", "0.8", "0.9"]
    assert [anchor(one) for one in (0, 50, 100)] == ["start", "middle", "end"]


def test_numbers_of_tables_are_short_and_extreme_ones_are_powers():
    assert [value_text(one) for one in (0, 0.22, 18_823, 1e-9, 1e300, -1e300)] == [
        "0", "0.22", "18,823", "1.000e-09", "1.000e+300", "-1.000e+300",
    ]  # fmt: skip
