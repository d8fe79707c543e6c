from __future__ import annotations

from packager.tracker.core.moments import DAY, HOUR
from packager.tracker.service.pages.sparkline import sparkline

NOW = 1_795_960_800.0


def test_steps_over_the_last_day():
    html = sparkline([(NOW - 3 * DAY, 10.0), (NOW - 12 * HOUR, 20.0), (NOW - 6 * HOUR, 0.0)], NOW)
    assert 'aria-label="priority over the last day: now 0, highest 20"' in html
    assert 'class="line" d="M0 13.0H48.0V3.0H72.0V23.0H96"' in html


def test_nothing_and_small_values_are_low():
    assert 'd="M0 23.0H96"' in sparkline([], NOW)
    assert 'd="M0 22.0H96"' in sparkline([(NOW - 2 * DAY, 0.25)], NOW)
