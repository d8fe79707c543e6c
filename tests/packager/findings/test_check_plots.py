from __future__ import annotations

import math

import pytest
from tested_packages import check, drifted, failed, family
from tested_packages import report as made

from packager.findings.check_plots import plot_of_check
from packager.tracker.core.plot import BinsPlot, CountsPlot, IntervalsPlot


def test_quality_is_drawn_by_slice_with_interval_and_bound_the_issue_first():
    bad = failed("accuracy color=E", subject="color=E")
    every = [check(), check("accuracy color=D", subject="color=D", difference=-0.05), bad]
    plot = plot_of_check(bad, made(family("quality", every, "failed")), "slice color=E")
    assert isinstance(plot, IntervalsPlot)
    assert plot.title == "accuracy on the new data, and when packaged"
    assert [one.name for one in plot.rows] == ["color=E", "color=D", "all rows"]
    first = plot.rows[0]
    assert (first.value, first.reference, first.subject) == (0.8, 0.9, True)
    # the interval of the difference is -0.12 to -0.08, and 0.02 less is allowed
    assert (first.low, first.high, first.bound) == pytest.approx((0.78, 0.82, 0.88))


def test_other_metrics_have_another_scale_and_are_left_out():
    bad = failed("accuracy color=E", subject="color=E")
    other = check("log_loss color=E", subject="color=E", metric="log_loss", now=2.0)
    plot = plot_of_check(bad, made(family("quality", [bad, other], "failed")), "")
    assert isinstance(plot, IntervalsPlot)
    assert len(plot.rows) == 1


def test_a_longer_time_is_worse_upwards():
    slow = failed(
        "time", family="time", metric="cpu_ratio", subject="", baseline=1.0, now=1.9,
        difference=0.9, worse=1, interval=(0.7, 1.1), limit=0.5,
    )  # fmt: skip
    plot = plot_of_check(slow, made(family("time", [slow], "failed")), "all rows")
    assert isinstance(plot, IntervalsPlot)
    assert plot.unit == "cpu ratio"
    assert (plot.rows[0].low, plot.rows[0].bound) == pytest.approx((1.7, 1.5))


def test_a_weak_slice_is_compared_with_what_is_expected():
    weak = failed("age < 30", family="weak", metric="excess", subject="age < 30", worse=1)
    plot = plot_of_check(weak, made(family("weak", [weak], "warned")), "")
    assert isinstance(plot, IntervalsPlot)
    assert (plot.unit, plot.reference_name) == ("mean loss", "expected")


def test_drift_is_drawn_by_bin():
    moved = drifted("carat", counts=(10, 20, 30))
    plot = plot_of_check(moved, made(family("drift", [moved], "failed")), "feature carat")
    assert isinstance(plot, BinsPlot)
    assert plot.live == pytest.approx((1 / 6, 1 / 3, 1 / 2))


@pytest.mark.parametrize(
    "fields",
    [
        {"now": None},
        {"now": math.nan},
        {"family": "schema", "subject": "", "now": None, "limit": None},
        {"family": "schema", "name": "rows", "now": 0.0, "limit": None},
        {"family": "cases", "subject": "case 1"},
    ],
)
def test_checks_without_numbers_have_no_plot(fields):
    bad = failed(**{"name": "x", **fields})
    report = made(family(fields.get("family", "quality"), [bad], "failed"))
    assert plot_of_check(bad, report, "") is None


def counted(family_: str, name: str, rows: int, wrong: int):
    numbers = {"now": float(wrong), "limit": 0.0, "rows": rows, "details": {"failed": wrong}}
    return failed(name, family=family_, subject=name if family_ == "cases" else "", **numbers)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("schema", "Rows that a check refuses"),
        ("cases", "Rows on which a case is broken"),
    ],
)
def test_schema_and_cases_count_wrong_rows_those_of_the_issue_first(name, title):
    few, many = counted(name, "answers", 990, 3), counted(name, "labels", 1_000, 40)
    none = counted(name, "cells", 1_000, 0)
    plot = plot_of_check(few, made(family(name, [none, many, few], "failed")), "")
    assert isinstance(plot, CountsPlot)
    assert (plot.title, plot.total) == (title, 1_000)
    shown = [(one.name, one.count, one.subject) for one in plot.rows]
    assert shown == [("answers", 3, True), ("labels", 40, False)]
    assert plot_of_check(none, made(family(name, [none, many], "failed")), "") is None


def test_an_interval_that_is_not_known_is_not_drawn():
    bad = failed("x", subject="a", interval=None, baseline=None)
    plot = plot_of_check(bad, made(family("quality", [bad], "failed")), "")
    assert isinstance(plot, IntervalsPlot)
    row = plot.rows[0]
    assert (row.low, row.high, row.reference, row.bound) == (None, None, None, None)
