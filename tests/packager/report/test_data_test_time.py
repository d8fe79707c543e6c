"""Processor time on the page of a test on new data."""

from __future__ import annotations

import re

import tested_packages as made

from packager.report.data_test_time import time_plot


def timed(**fields: object) -> str:
    usual = {"family": "time", "metric": "cpu_ratio", "baseline": 1.0, "now": 1.1,
             "difference": 0.1, "limit": 0.25, "interval": None,
             "details": {"ratios": [1.0, 1.1, 1.2], "packaged": [0.9, 1.1]}}  # fmt: skip
    return time_plot([made.check("processor time", **{**usual, **fields})])


def test_each_round_is_a_dot_and_the_limit_is_relative() -> None:
    text = timed()
    rings = [float(x) for x in re.findall(r'class="ring" cx="([\d.]+)%', text)]
    dots = [float(x) for x in re.findall(r'class="now" cx="([\d.]+)%', text)]
    [limit] = [float(x) for x in re.findall(r'class="beyond" x="([\d.]+)%', text)]
    assert len(rings) == 2
    assert len(dots) == 3
    assert max(dots) < limit
    assert rings[0] < dots[0] < rings[1] == dots[1]
    assert text.count("<tr>") == 1 + 3


def test_a_check_without_rounds_is_not_drawn() -> None:
    assert timed(details={}) == ""
    assert timed(details={"ratios": []}) == ""
