from __future__ import annotations

from packager.tracker.core.plot import BinsPlot
from packager.tracker.service.pages.plots.bins import draw_bins


def test_two_bars_for_each_bin():
    found = draw_bins(
        BinsPlot(title="t", bins=("low", "<high>"), reference=(0.8, 0.2), live=(0.4, 0.6))
    )
    assert 'class="before" y="1" width="100.00%"' in found.html
    assert 'class="after" y="10" width="50.00%"' in found.html
    assert "&lt;high&gt;" in found.html
    assert "40 % of the rows would have to be elsewhere" in found.caption
    assert list(found.rows) == [("low", "0.8", "0.4", "-0.4"), ("<high>", "0.2", "0.6", "+0.4")]


def test_of_many_bins_those_that_moved_most_are_drawn():
    n = 100
    live = [1 / n] * n
    live[70] = 0.5
    found = draw_bins(
        BinsPlot(
            title="t", bins=tuple(map(str, range(n))), reference=(1 / n,) * n, live=tuple(live)
        )
    )
    assert str(found.html).count('class="bin"') == 24
    assert 'class="name">70<' in found.html
    assert len(found.rows) == n
    assert "24 of 100 bins" in found.caption
