from __future__ import annotations

from packager.tracker.core.plot import Level, SeriesLine, SeriesPlot, SeriesPoint
from packager.tracker.service.pages.plots.series import draw_series

AT = 1_795_960_800.0


def test_a_line_has_its_band_levels_and_table():
    points = (
        SeriesPoint(at=AT, value=0.9, low=0.85, high=0.95),
        SeriesPoint(at=AT + 3600, value=0.7, low=0.6, high=0.8),
    )
    found = draw_series(
        SeriesPlot(
            title="accuracy of E", unit="accuracy",
            lines=(SeriesLine(name="E", points=points),),
            levels=(Level(name="build", value=0.93), Level(name="below", value=0.8, limit=True)),
        )
    )  # fmt: skip
    html = str(found.html)
    assert 'class="interval l0"' in html
    assert 'class="level limit"' in html
    assert ">build 0.93</text>" in html
    assert ">14:00</text>" in html
    assert 'aria-label="accuracy of E; last E 0.7"' in html
    assert list(found.heads) == ["time", "line", "accuracy", "low", "high"]
    assert found.rows[0] == ("2026-11-29 14:00 UTC", "E", "0.9", "0.85", "0.95")


def test_one_point_is_drawn():
    line = SeriesLine(name="x", points=(SeriesPoint(at=AT, value=3),))
    found = draw_series(SeriesPlot(title="t", lines=(line,)))
    assert list(found.heads) == ["time", "line", "value"]
    assert found.legend == [("l0", "x")]
