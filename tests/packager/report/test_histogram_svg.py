from __future__ import annotations

import re

from packager.data.checks.finding import Histogram
from packager.report.histogram_svg import histogram

FOUND = Histogram(edges=(0.0, 500.0, 1234.5), counts=(100, 1))


def test_a_bar_of_one_row_is_seen_and_the_value_is_marked() -> None:
    text = histogram("size", FOUND, 1000.0)
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)"', text)]
    assert len(heights) == 2
    assert min(heights) >= 2
    assert ">1,234<" in text or ">1,235<" in text
    assert "this row has 1,000" in text
    assert text.count('class="mark"') == 3


def test_a_value_outside_gets_no_mark_and_a_hostile_name_is_text() -> None:
    text = histogram("<script>\"'", FOUND, 99999.0)
    assert 'class="mark"' not in text
    assert "<script" not in text
    assert "&lt;script&gt;&quot;" in text
