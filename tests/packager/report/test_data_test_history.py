"""Earlier tests on the page of a test on new data."""

from __future__ import annotations

import re

import tested_packages as made

from packager.report.data_test_history import MAX_RUNS, history_plots
from packager.worker.test import report as reports


def run(now: float | None, verdict: str = "passed") -> reports.DataTestReport:
    checks = [] if now is None else [made.check(now=now, difference=now - 0.9, headline=True)]
    return made.report(made.family("quality", checks), verdict=verdict)


def test_one_square_and_one_dot_for_each_run_oldest_first() -> None:
    earlier = [run(0.95), run(0.9, "failed"), run(0.92, "inconclusive")]
    text = history_plots(run(0.91), earlier)
    assert re.findall(r'class="run (\w+)"', text) == ["passed", "failed", "inconclusive", "passed"]
    places = [
        (float(x), float(y))
        for x, y in re.findall(r'class="now \w+" cx="([\d.]+)%" cy="([\d.]+)"', text)
    ]
    assert [x for x, _ in places] == [12.5, 37.5, 62.5, 87.5]
    heights = [y for _, y in places]
    assert heights[0] < heights[2] < heights[3] < heights[1]
    assert "verdicts of 4 runs, 1 of them failed" in text
    assert text.count("<tr>") == 1 + 4


def test_a_run_without_the_check_leaves_a_gap() -> None:
    text = history_plots(run(0.91), [run(0.95), run(None), run(0.92)])
    assert len(re.findall(r'class="now ', text)) == 3
    assert len(re.findall(r'class="curve"', text)) == 1


def test_without_an_earlier_run_there_is_nothing() -> None:
    assert history_plots(run(0.9), []) == ""


def test_only_the_newest_runs_are_drawn() -> None:
    text = history_plots(run(0.9, "failed"), [run(0.9)] * 500)
    assert re.findall(r'class="run (\w+)"', text) == ["passed"] * (MAX_RUNS - 1) + ["failed"]
