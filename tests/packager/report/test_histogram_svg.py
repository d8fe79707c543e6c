"""A histogram as SVG: a bar for each count, a mark where a value stands."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.checks.finding import Histogram
from packager.report.histogram_svg import BASE, HEIGHT, WIDTH, histogram

COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


@given(COUNTS, st.floats(-1e6, 1e6), st.floats(0.01, 1e6), st.none() | st.floats(0, 1))
def test_every_count_is_a_bar_within_the_picture(counts, low, width, share):
    edges = tuple(low + width * place / len(counts) for place in range(len(counts) + 1))
    value = None if share is None else min(edges[-1], edges[0] + share * width)
    svg = ET.fromstring(histogram("x", Histogram(edges=edges, counts=tuple(counts)), value))
    bars = svg.findall("./g/rect")
    assert len(bars) == sum(count > 0 for count in counts)
    for bar in bars:
        top, tall = float(bar.get("y")), float(bar.get("height"))
        assert tall >= 2
        assert 0 <= top <= BASE
        assert abs(top + tall - BASE) < 0.2
    marks = svg.findall("./circle")
    assert len(marks) == (value is not None)
    assert all(-1 <= float(mark.get("cx")) <= WIDTH + 1 for mark in marks)
    assert svg.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"


def test_a_reader_of_the_screen_is_told_the_range_and_the_value():
    found = histogram("size", Histogram(edges=(0.0, 1.0, 2.0), counts=(3, 1)), 1.5)
    label = ET.fromstring(found).get("aria-label")
    assert label == "size: 4 values from 0 to 2.000; this row has 1.500"


@pytest.mark.parametrize("value", [-1.0, 3.0, None])
def test_a_value_outside_has_no_mark(value):
    found = histogram("x", Histogram(edges=(0.0, 2.0), counts=(3,)), value)
    assert "circle" not in found


def test_the_name_of_a_column_is_text_and_never_markup():
    found = histogram('"><script>', Histogram(edges=(0.0, 1.0), counts=(1,)))
    assert "<script>" not in found
    ET.fromstring(found)


def test_a_column_of_one_value_is_drawn():
    ET.fromstring(histogram("x", Histogram(edges=(1.0, 1.0), counts=(5,)), 1.0))
