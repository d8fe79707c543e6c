"""A package is tested on new data by its own worker: unchanged and changed rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project

from packager.worker.test.report import DataTestReport


def family(report: DataTestReport, name: str) -> str:
    return next(one.verdict for one in report.families if one.family == name)


@pytest.mark.slow
def test_unchanged_rows_fail_nothing(package: Project) -> None:
    report = judge_on(package, sizes(6_000, 2))
    assert report.verdict in ("passed", "inconclusive"), report.sentence
    assert (report.rows, report.judged_rows, report.labelled_rows) == (6_000, 6_000, 6_000)
    assert {one.family for one in report.families} >= {"schema", "suspects", "drift", "quality"}
    assert report.files[0].path == "new.csv"
    assert len(report.fingerprint) == 64
    overall = check(report, "quality", "accuracy")
    assert overall.baseline == pytest.approx(overall.now, abs=0.05)
    assert overall.interval is not None
    assert overall.interval[0] < 0 < overall.interval[1]


@pytest.mark.slow
def test_the_same_rows_give_the_same_report(package: Project) -> None:
    frame = sizes(1_000, 3)
    one, other = judge_on(package, frame), judge_on(package, frame)
    assert _without_times(one) == _without_times(other)


def _without_times(report: DataTestReport) -> list[object]:
    return [one for one in report.families if one.family != "time"]


@pytest.mark.slow
def test_a_slice_with_wrong_labels_fails_and_is_named(package: Project) -> None:
    frame = sizes(6_000, 4)
    blue = np.flatnonzero(frame["color"] == "blue")
    turned = np.random.default_rng(0).choice(blue, len(blue) // 3, replace=False)
    frame.loc[turned, "label"] = frame.loc[turned, "label"].map({"big": "small", "small": "big"})
    report = judge_on(package, frame)
    assert report.verdict == "failed"
    assert not report.passed
    failed = {one.name for one in report.checks if one.verdict == "failed"}
    assert "accuracy color=blue" in failed
    assert not {"accuracy color=red", "accuracy color=green"} & failed
    assert check(report, "quality", "accuracy color=blue").why.startswith("accuracy color=blue 0.")


@pytest.mark.slow
def test_rows_without_labels_are_inconclusive_and_say_so(package: Project) -> None:
    report = judge_on(package, sizes(2_000, 6).drop(columns="label"))
    assert report.verdict == "inconclusive"
    assert report.sentence == ("inconclusive: quality was not judged: the new data have no labels")
    assert report.labelled_rows == 0


@pytest.mark.slow
def test_slices_that_have_no_labels_are_named(package: Project) -> None:
    frame = sizes(1_200, 6)
    report = judge_on(package, frame.assign(label=frame["label"].where(frame["color"] == "red")))
    red = (frame["color"] == "red").sum()
    assert report.labelled_rows == red
    (note,) = (one for one in report.notes if "no random part" in one)
    assert "100.0% of the rows of color=red, 0.0% of the others" in note
    (quality,) = (one for one in report.families if one.family == "quality")
    assert {one.subject for one in quality.not_tested} == {"color=blue", "color=green"}


@pytest.mark.slow
def test_dependent_rows_count_once(grouped: Project) -> None:
    frame = sizes(1_500, 15)
    five = pd.concat([frame] * 5, ignore_index=True)
    one, many = judge_on(grouped, frame), judge_on(grouped, five)
    for name in ("accuracy", "log_loss"):
        single, repeated = check(one, "quality", name), check(many, "quality", name)
        assert repeated.now == pytest.approx(single.now)
        assert repeated.error == pytest.approx(single.error, rel=0.02)
        assert repeated.p == pytest.approx(single.p, rel=0.1)
    assert check(many, "drift", "feature size").p == pytest.approx(
        check(one, "drift", "feature size").p, abs=0.1
    )


@pytest.mark.slow
def test_groups_need_their_columns(grouped: Project) -> None:
    report = judge_on(grouped, sizes(100, 16).drop(columns="id"))
    assert report.sentence == "failed: the new data lack the column 'id' of [test] groups"
    assert {one.verdict for one in report.families} == {"failed", "not judged"}
