"""Drift of features and answers, with or without labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from judged_packages import check, judge_on, packaged, sizes
from worker_projects import Project

from packager.errors import UsageError
from packager.report.data_test import as_text
from packager.report.data_test_page import data_test_page
from packager.testing.junit import as_junit
from packager.testing.markdown import as_markdown
from packager.worker.test.report import DataTestReport


@pytest.mark.slow
def test_shifted_rows_drift_without_labels(package: Project) -> None:
    frame = sizes(4_000, 5).drop(columns="label")
    frame["size"] += 1.5
    report = judge_on(package, frame)
    assert verdict(report) == "failed"
    assert {c.name for c in report.checks if c.verdict == "failed"} >= {
        "feature size",
        "answer prediction",
    }
    assert check(report, "drift", "feature color").verdict == "passed"


def verdict(report: DataTestReport) -> str:
    return next(one.verdict for one in report.families if one.family == "drift")


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_ignored_feature_is_not_compared(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = packaged(tmp_path_factory.mktemp("ignoring"), {"drift": {"ignore": ["size"]}})
    frame = sizes(4_000, 22)
    frame["size"] += 1.5
    report = judge_on(project, frame)
    assert "size" not in {one.subject for one in report.checks if one.family == "drift"}
    assert check(report, "drift", "answer prediction").verdict == "failed"


@pytest.mark.slow
def test_a_feature_without_a_packaged_value_can_not_be_compared(package: Project) -> None:
    report = judge_on(package, sizes(500, 23).assign(color="purple"))
    color = check(report, "drift", "feature color")
    assert (color.verdict, color.rows, color.baseline) == ("inconclusive", 0, None)
    assert color.why == "feature color: none of 500 rows has a value of the packaged bins"
    assert check(report, "suspects", "unseen color").verdict == "failed"
    assert report.verdict == "failed"


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A package with more features than are monitored; one has the name of an answer."""
    frame = sizes(1_000, 1)
    draw = np.random.default_rng(0)
    more = {f"more{place}": draw.normal(size=1_000) for place in range(16)}
    frame = frame.assign(prediction=draw.normal(size=1_000), same=1.0, **more)
    return packaged(tmp_path_factory.mktemp("wide"), frame=frame)


@pytest.mark.slow
def test_features_beyond_the_cap_are_said_with_the_way_to_have_them_tested(wide: Project) -> None:
    new = pd.read_csv(wide.root.source / "rows.csv")
    report = judge_on(wide, new)
    (family,) = (one for one in report.families if one.family == "drift")
    tested = {one.subject for one in family.checks}
    left_out = {one.subject: one.why for one in family.not_tested}
    assert not tested & left_out.keys()
    features = {column for column in new.columns if column not in ("id", "label")}
    assert features <= tested | left_out.keys()
    assert len(left_out) >= 4
    assert set(left_out.values()) == {
        "only the 13 most important measures of features with at least two bins are compared; to "
        "make room, name others in [monitoring] exclude, and build again"
    }
    for written in (as_text(report), as_markdown(report), as_junit(report).decode()):
        for name in left_out:
            assert name in written
    assert "13 most important measures" in data_test_page(report)


@pytest.mark.slow
def test_a_feature_called_prediction_is_not_the_answer(tmp_path: Path) -> None:
    frame = sizes(1_000, 1).assign(prediction=np.random.default_rng(0).normal(size=1_000))
    ignoring = {"drift": {"ignore": ["prediction"]}}
    for name, policy in (("both", {}), ("ignoring", ignoring)):
        project = packaged(tmp_path / name, policy, frame=frame)
        report = judge_on(project, frame.assign(prediction=frame["prediction"] + 3))
        found = {one.name: one for one in report.checks if one.family == "drift"}
        answer = found["answer prediction"]
        assert answer.verdict != "failed"
        assert answer.subject == "__prediction__"
        if policy:
            assert "feature prediction" not in found
        else:
            assert found["feature prediction"].verdict == "failed"


def test_a_feature_can_not_have_the_name_of_an_answer_in_the_profile(tmp_path: Path) -> None:
    frame = sizes(200, 1).assign(__prediction__=1.0)
    with pytest.raises(UsageError, match="expected other names of features than '__prediction__'"):
        packaged(tmp_path, frame=frame)
