from __future__ import annotations

import re

import pytest

from packager.tracker.core.plot import LevelsPlot
from packager.tracker.service.pages.plots.levels import draw_levels

LEVELS = ("artifact", "state", "predictions")


@pytest.mark.parametrize(
    ("required", "reached", "kinds"),
    [
        (0, 1, ["missed", "reached", "reached"]),
        (1, None, ["beyond", "missed", "missed"]),
        (2, 0, ["reached", "reached", "reached"]),
    ],
)
def test_levels_are_reached_missed_or_beyond_what_is_required(required, reached, kinds):
    plot = LevelsPlot(title="t", levels=LEVELS, required=required, reached=reached)
    found = draw_levels(plot)
    assert re.findall(r'<rect class="(\w+)"', str(found.html)) == kinds
    assert str(found.html).count("reached, required") == 2  # in the label and beside the bar
    assert list(found.heads) == ["level", "replay", "required"]
    assert [row[2] for row in found.rows].count("yes") == 3 - required
