"""Drift of features and answers, with or without labels."""

from __future__ import annotations

import pytest
from judged_packages import check, judge_on, packaged, sizes
from worker_projects import Project

from packager.worker.test.report import DataTestReport


def test_shifted_rows_drift_without_labels(package: Project) -> None:
    frame = sizes(4_000, 5).drop(columns="label")
    frame["size"] += 1.5
    report = judge_on(package, frame)
    assert verdict(report) == "failed"
    assert {c.name for c in report.checks if c.verdict == "failed"} >= {"size", "prediction"}
    assert check(report, "drift", "feature color").verdict == "passed"


def verdict(report: DataTestReport) -> str:
    return next(one.verdict for one in report.families if one.family == "drift")


def test_a_small_batch_can_not_tell_and_says_from_where_it_could(package: Project) -> None:
    report = judge_on(package, sizes(60, 21))
    size = check(report, "drift", "feature size")
    assert size.verdict == "inconclusive"
    assert size.visible_from is not None
    assert size.visible_from > 0.05
    large = check(judge_on(package, sizes(6_000, 21)), "drift", "feature size")
    assert large.verdict == "passed"
    assert large.visible_from is not None
    assert large.visible_from < 0.05


def test_an_ignored_feature_is_not_compared(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = packaged(tmp_path_factory.mktemp("ignoring"), {"drift": {"ignore": ["size"]}})
    frame = sizes(4_000, 22)
    frame["size"] += 1.5
    report = judge_on(project, frame)
    assert "size" not in {one.subject for one in report.checks if one.family == "drift"}
    assert check(report, "drift", "answer prediction").verdict == "failed"


def test_a_feature_without_a_packaged_value_can_not_be_compared(package: Project) -> None:
    report = judge_on(package, sizes(500, 23).assign(color="purple"))
    color = check(report, "drift", "feature color")
    assert (color.verdict, color.rows, color.baseline) == ("inconclusive", 0, None)
    assert color.why == "feature color: none of 500 rows has a value of the packaged bins"
    assert check(report, "suspects", "unseen color").verdict == "failed"
    assert report.verdict == "failed"
