"""A package is tested on new data by its own worker: unchanged, changed and broken rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tested_packages import check, judge_on, packaged, sizes
from worker_projects import Project

from packager.errors import UsageError
from packager.worker.test.report import DataTestReport


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("tested"))


def family(report: DataTestReport, name: str) -> str:
    return next(one.verdict for one in report.families if one.family == name)


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


def test_the_same_rows_give_the_same_report(package: Project) -> None:
    frame = sizes(1_000, 3)
    one, other = judge_on(package, frame), judge_on(package, frame)
    assert _without_times(one) == _without_times(other)


def _without_times(report: DataTestReport) -> list[object]:
    return [one for one in report.families if one.family != "time"]


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


def test_shifted_rows_drift_without_labels(package: Project) -> None:
    frame = sizes(4_000, 5).drop(columns="label")
    frame["size"] += 1.5
    report = judge_on(package, frame)
    assert family(report, "drift") == "failed"
    assert family(report, "quality") == "not judged"
    assert {c.name for c in report.checks if c.verdict == "failed"} >= {"size", "prediction"}
    assert check(report, "drift", "color").verdict == "passed"


def test_rows_without_labels_are_inconclusive_and_say_so(package: Project) -> None:
    report = judge_on(package, sizes(2_000, 6).drop(columns="label"))
    assert report.verdict == "inconclusive"
    assert report.sentence == ("inconclusive: quality was not judged: the new data have no labels")
    assert report.labelled_rows == 0


def test_missing_and_unseen_values_beyond_the_usual_share_fail(package: Project) -> None:
    frame = sizes(2_000, 7)
    frame.loc[:199, "color"] = None
    frame.loc[300:399, "color"] = "violet"
    report = judge_on(package, frame)
    failed = {c.name: c for c in report.checks if c.verdict == "failed"}
    assert {"missing color", "unseen color"} <= set(failed)
    assert failed["unseen color"].now == pytest.approx(0.05)
    assert failed["unseen color"].examples[0] == {"row": 300, "color": "violet"}


def test_cells_of_another_kind_are_left_out_and_named(package: Project) -> None:
    frame = sizes(2_000, 8).astype({"size": object})
    frame.loc[[5, 9], "size"] = ["wide", "tall"]
    report = judge_on(package, frame)
    cells = check(report, "schema", "cells")
    assert cells.verdict == "failed"
    assert cells.why == (
        "2 of 2000 rows are refused, first row 5, column 'size': expected a number, got \"wide\""
    )
    assert [one["row"] for one in cells.examples] == [5, 9]
    assert (report.rows, report.judged_rows) == (2_000, 1_998)


def test_an_absent_feature_fails_and_nothing_else_is_judged(package: Project) -> None:
    report = judge_on(package, sizes(500, 9).drop(columns="color"))
    assert report.verdict == "failed"
    assert report.sentence == "failed: the new data lack the feature 'color'"
    assert [one.family for one in report.families] == ["schema"]


def test_rows_on_which_the_model_raises_are_left_out_and_named(package: Project) -> None:
    frame = sizes(1_000, 10)
    frame.loc[17, "color"] = "fatal"
    report = judge_on(package, frame)
    found = check(report, "schema", "answers")
    assert found.verdict == "failed"
    assert "no such color" in found.why
    assert found.examples[0]["row"] == 17
    assert (report.rows, report.judged_rows) == (1_000, 999)


def test_rows_of_the_training_are_left_out_of_quality(package: Project) -> None:
    frame = pd.concat([sizes(4_000, 1), sizes(1_000, 11)], ignore_index=True)
    report = judge_on(package, frame)
    found = check(report, "suspects", "rows of the training")
    assert found.verdict == "warned"
    assert found.now == pytest.approx(0.4, abs=0.02)  # half of the 4,000 were held out
    assert report.labelled_rows == pytest.approx(3_000, abs=60)


def test_late_labels_are_joined_by_their_key(package: Project) -> None:
    frame = sizes(3_000, 12)
    labels = frame[["id", "label"]].sample(frac=1, random_state=0).head(2_000)
    late = judge_on(package, frame.drop(columns="label"), labels)
    whole = frame.assign(label=frame["label"].where(frame["id"].isin(labels["id"])))
    assert late.labelled_rows == 2_000
    assert (
        check(late, "quality", "accuracy").now
        == check(judge_on(package, whole), "quality", "accuracy").now
    )


def test_chosen_labels_count_as_the_rows_that_they_stand_for(package: Project) -> None:
    frame = sizes(6_000, 13)
    draw = np.random.default_rng(1)
    chance = np.where((frame["size"] - 5).abs() < 1, 0.9, 0.25)  # uncertain rows are labelled more
    labels = frame[["id", "label"]].assign(selection_probability=chance)[
        draw.random(6_000) < chance
    ]
    whole = check(judge_on(package, frame), "quality", "accuracy").now
    plain = judge_on(
        package, frame.drop(columns="label"), labels.drop(columns="selection_probability")
    )
    weighted = judge_on(package, frame.drop(columns="label"), labels)
    assert whole is not None
    biased, fair = (check(one, "quality", "accuracy").now for one in (plain, weighted))
    assert biased is not None
    assert biased < whole - 0.04
    assert fair == pytest.approx(whole, abs=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="id"), "--labels: expected the column 'id', got label"),
        (lambda f: f.drop(columns="label"), "--labels: expected the column 'label', got id"),
        (lambda f: pd.concat([f, f]), "expected another key in every row of --labels"),
        (lambda f: f.assign(id=f["id"] + 10**6), "expected labels of the new rows, got none"),
        (lambda f: f.assign(selection_probability=0.0), "expected a selection_probability above 0"),
    ],
)
def test_labels_that_do_not_fit_are_refused(package: Project, change: object, message: str) -> None:
    frame = sizes(100, 14)
    with pytest.raises(UsageError) as raised:
        judge_on(package, frame.drop(columns="label"), change(frame[["id", "label"]]))  # type: ignore[operator]
    assert message in raised.value.message


def test_dependent_rows_count_once(
    tmp_path: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    grouped = packaged(tmp_path_factory.mktemp("grouped"), {"groups": ["id"]})
    frame = sizes(1_500, 15)
    five = pd.concat([frame] * 5, ignore_index=True)
    one, many = judge_on(grouped, frame), judge_on(grouped, five)
    for name in ("accuracy", "log_loss"):
        single, repeated = check(one, "quality", name), check(many, "quality", name)
        assert repeated.now == pytest.approx(single.now)
        assert repeated.error == pytest.approx(single.error, rel=0.02)
        assert repeated.p == pytest.approx(single.p, rel=0.1)
    assert check(many, "drift", "size").p == pytest.approx(check(one, "drift", "size").p, abs=0.1)


def test_an_unlabelled_batch_needs_no_groups_column_of_the_policy_to_be_read(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    grouped = packaged(tmp_path_factory.mktemp("grouped"), {"groups": ["id"]})
    with pytest.raises(UsageError) as raised:
        judge_on(grouped, sizes(100, 16).drop(columns="id"))
    assert (
        raised.value.message == "[test] groups: expected the column 'id' in the data, which lack it"
    )
