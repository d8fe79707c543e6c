from __future__ import annotations

import re
from xml.etree import ElementTree

from packager.deploy.grafana.panel import Panel, Query
from packager.deploy.grafana.units import PSI, SHARE
from packager.report.dashboard.answers import AnsweredSeries, MarkedTime, PanelAnswer, ViewAnswer
from packager.report.dashboard.series_svg import series_svg

HOSTILE = "<script>\u202e\"'&"
VIEW = ViewAnswer(
    (), 0.0, 3600.0, [MarkedTime(1800.0, HOSTILE, "red"), MarkedTime(90.0, "v2", "blue")]
)


def drawn(*values: list[tuple[float, float]], unit=SHARE, steps=None) -> str:
    panel = Panel("t", "timeseries", [Query("x")], "d.", unit, steps=steps or {})
    series = [AnsweredSeries({}, points) for points in values]
    answer = PanelAnswer(panel, "t", [series], step=60.0)
    text = series_svg(answer, series, VIEW, HOSTILE)
    ElementTree.fromstring(text)
    return text


def lines(text: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, one.split(","))) for one in points.split(" ")]
        for points in re.findall(r'<polyline[^>]* points="([^"]*)"', text)
    ]


def test_time_is_from_left_to_right_and_a_larger_value_is_higher():
    ((first, last),) = lines(drawn([(0.0, 0.1), (60.0, 0.9)]))
    assert first[0] == 0.0
    assert last[0] == 1.67
    assert last[1] < first[1]


def test_a_gap_interrupts_a_line_and_one_point_is_a_dot():
    text = drawn([(0.0, 0.1), (60.0, 0.2), (600.0, 0.3)])
    drawn_part = text.partition("<ul")[0]
    assert re.findall(r'class="(curve[^"]*)"', drawn_part) == ["curve l0", "curve dot l0"]
    runs = lines(text)
    assert [len(one) for one in runs] == [2, 2]
    assert runs[1][0] == runs[1][1]


def test_noise_does_not_fill_the_plot():
    ((first, last),) = lines(drawn([(0.0, 0.8700), (60.0, 0.8701)]))
    assert abs(first[1] - last[1]) < 1
    ((first, last),) = lines(drawn([(0.0, 0.0), (60.0, 0.0)]))
    assert first[1] == last[1] == 100.0


def test_thresholds_within_the_scale_and_moments_are_marked():
    text = drawn([(0.0, 0.01), (60.0, 0.3)], unit=PSI, steps={0.2: "orange", 9.0: "red"})
    assert re.findall(r'class="threshold (\w+)"', text) == ["likely"]
    assert re.findall(r'class="moment (\w+)"', text) == ["alert", "deployment"]
    assert "<script" not in text
    assert "\u202e" not in text
    assert ">0.100<" in text
