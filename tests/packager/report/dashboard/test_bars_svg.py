from __future__ import annotations

import re

from packager.deploy.grafana.panel import Panel, Query
from packager.deploy.grafana.units import PSI, SHARE
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer, ViewAnswer
from packager.report.dashboard.bars_svg import bars, bins_of, strips


def test_bins_are_in_the_order_of_their_ranges():
    names = ["(2, inf)", "other", "(1, 2]", "[-inf, 1]", "(-3e2, -1]", "Fair"]
    one = [AnsweredSeries({"bin": name}, [(0.0, 0.5)]) for name in names]
    panel = Panel("t", "barchart", [Query("a", "live"), Query("b", "reference")], "d.", SHARE)
    answer = PanelAnswer(panel, "t", [one, []])
    expected = ["(-3e2, -1]", "[-inf, 1]", "(1, 2]", "(2, inf)", "Fair", "other"]
    assert [name for name, _ in bins_of(answer)] == expected
    text = bars(answer)
    assert text.count('class="live"') == len(names)
    assert 'class="reference"' not in text
    assert "50 % / -" in text


def test_a_strip_has_a_cell_for_each_value_in_the_colour_of_its_step():
    panel = Panel("t", "status-history", [Query("a")], "d.", PSI, steps={0.2: "orange"})
    one = AnsweredSeries({}, [(600.0, 0.1), (1200.0, 0.2), (3600.0, 0.05)])
    answer = PanelAnswer(panel, "t", [[one]], step=600.0)
    text = strips(answer, [("<b>", one)], ViewAnswer((), 0.0, 3600.0))
    assert re.findall(r'class="cell (\w*)"', text) == ["good", "likely", "good"]
    assert "<title>&lt;b&gt;: last 0.050, highest 0.200</title>" in text
