from __future__ import annotations

from packager.tracker.core.plot import CountedRow, CountsPlot
from packager.tracker.service.pages.plots.counts import draw_counts


def test_bars_are_the_square_roots_and_numbers_have_their_shares():
    rows = (
        CountedRow(name="labels in cut", count=4, subject=True),
        CountedRow(name="<ranges>", count=1),
    )
    found = draw_counts(CountsPlot(title="t", rows=rows, total=400))
    html = str(found.html)
    assert '<rect class="after" y="2" width="100.00%"' in html
    assert '<rect class="before" y="2" width="50.00%"' in html
    assert ">4, 1 %<" in html
    assert "&lt;ranges&gt;" in html
    assert found.legend == [("after", "this issue"), ("before", "others")]
    assert list(found.heads) == ["kind", "rows", "share"]
    assert list(found.rows) == [("labels in cut", "4", "1 %"), ("<ranges>", "1", "0.25 %")]


def test_counts_of_nothing_are_drawn():
    rows = (CountedRow(name="a", count=0, subject=True),)
    found = draw_counts(CountsPlot(title="t", rows=rows, total=1))
    assert 'width="0.00%"' in found.html
    assert found.legend == []
