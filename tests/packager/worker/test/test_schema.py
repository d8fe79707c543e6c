"""Whether new rows can be answered."""

from __future__ import annotations

from judged_packages import judge_on, sizes
from worker_projects import Project


def test_an_absent_feature_fails_and_nothing_else_is_judged(package: Project) -> None:
    report = judge_on(package, sizes(500, 9).drop(columns="color"))
    assert report.verdict == "failed"
    assert report.sentence == "failed: the new data lack the feature 'color'"
    assert [one.family for one in report.families] == ["schema"]
