from __future__ import annotations

from packager.tracker.core.plot import HistogramPlot, Mark
from packager.tracker.service.pages.plots.histogram import draw_histogram


def test_bars_are_where_their_bins_are_and_the_row_is_marked():
    found = draw_histogram(
        HistogramPlot(
            title="price", unit="USD", edges=(0, 50, 100), counts=(4, 1),
            marks=(Mark(name="this row", value=75),),
        )
    )  # fmt: skip
    html = str(found.html)
    assert html.count("<rect") == 2
    assert 'height="146.0"' in html
    assert 'height="73.0"' in html
    assert 'class="mark" x1="74.51%"' in html
    assert ">this row 75</text>" in html
    assert list(found.heads) == ["from (USD)", "to (USD)", "rows"]
    assert list(found.rows) == [("0", "50", "4"), ("50", "100", "1")]


def test_a_histogram_without_rows_is_drawn():
    assert "<rect" not in draw_histogram(HistogramPlot(title="x", edges=(0, 1), counts=(0,))).html
