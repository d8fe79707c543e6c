"""Scales, captions and tables of the plots of a test on new data."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.report.data_test_plot import (
    MAX_TABLE,
    Scale,
    axis,
    data_table,
    drawing,
    part,
    shortened,
)

FINITE = st.floats(-1e12, 1e12)


@given(st.lists(st.none() | FINITE, max_size=8), FINITE)
def test_every_value_is_within_the_plot(values: list[float | None], other: float) -> None:
    scale = Scale.of(values)
    assert scale.low < scale.high
    assert all(0 <= scale.at(value) <= 100 for value in values if value is not None)
    assert 0 <= scale.at(other) <= 100


@given(FINITE, st.floats(1e-6, 1e9))
def test_ticks_are_few_and_within_the_scale(low: float, span: float) -> None:
    scale = Scale.of([low, low + span])
    assert len(scale.ticks()) <= 6
    slack = 1e-9 * max(abs(scale.low), abs(scale.high))
    assert all(scale.low - slack <= tick <= scale.high + slack for tick in scale.ticks())


@pytest.mark.parametrize("values", [[], [None], [math.nan], [math.inf], [0.5], [0.5, 0.5]])
def test_a_scale_of_little_is_a_scale(values: list[float | None]) -> None:
    scale = Scale.of(values)
    assert math.isfinite(scale.low)
    assert scale.ticks()
    assert "<text" in axis(scale)


def test_ticks_are_round() -> None:
    assert [f"{tick:g}" for tick in Scale(0.79, 0.93).ticks()] == ["0.8", "0.85", "0.9"]


def test_a_long_name_keeps_its_beginning_and_end() -> None:
    assert shortened("a" * 100 + "b" * 100, 11) == "aaaaa…bbbbb"
    assert shortened("short", 11) == "short"


def test_a_drawing_says_what_it_shows_without_markup() -> None:
    assert "<title>a &lt; b</title>" in drawing("a < b", "", 10)
    assert 'role="img"' in drawing("a", "", 10)


def test_a_table_is_folded_and_bounded_and_aligns_numbers() -> None:
    rows = [(f"row {place}", "12.5 %", "-", "text") for place in range(MAX_TABLE + 7)]
    text = data_table("rows", ("name", "share", "q", "why"), rows)
    assert text.startswith("<details><summary>Table: rows</summary>")
    assert text.count("<tr>") == MAX_TABLE + 1
    assert "7 more are in report.json." in text
    assert re.findall(r'<th scope="col" class="(\w+)">(\w+)', text) == [
        ("word", "name"),
        ("number", "share"),
        ("word", "why"),
    ]


def test_no_rows_are_no_table_and_no_content_no_section() -> None:
    assert data_table("rows", ("name",), []) == ""
    assert part("name", "Title", "") == ""
