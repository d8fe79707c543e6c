"""Right answers in a file of their own."""

from __future__ import annotations

import pandas as pd
import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project

from packager.errors import UsageError


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="label"), "--labels: expected the column 'label' in the labels"),
        (lambda f: pd.concat([f, f]), "every row of --labels, got the same one in rows 0 and 100"),
        (lambda f: f.assign(id=f["id"] + 10**6), "expected labels of the new rows, got none"),
        (lambda f: f.assign(selection_probability=0.0), "at least), at most 1, got 0.0"),
        (lambda f: f.assign(selection_probability=1e-300), "at least), at most 1, got 1e-300"),
        (lambda f: f.assign(selection_probability=None), "at least), at most 1, got nan"),
    ],
)
def test_labels_that_do_not_fit_fail_the_schema(
    package: Project, change: object, message: str
) -> None:
    frame = sizes(100, 14)
    labels = change(frame[["id", "label"]])  # type: ignore[operator]
    report = judge_on(package, frame.drop(columns="label"), labels, labels_shown="the labels")
    assert report.verdict == "failed"
    assert message in report.sentence
    assert check(report, "schema", "labels").verdict == "failed"
    assert report.rows == 100
    assert {one.why for one in report.families[1:]} == {"the labels can't be read"}


def test_a_key_that_a_file_lacks_is_wrong_usage(package: Project) -> None:
    frame = sizes(100, 14)
    labels = frame[["id", "label"]].rename(columns={"id": "ids"})
    with pytest.raises(UsageError) as raised:
        judge_on(package, frame.drop(columns="label"), labels)
    assert raised.value.message == "--on id: expected a column of --labels, which lacks it"
    assert raised.value.hint == "did you mean 'ids'?"


@pytest.mark.slow
def test_rows_without_a_key_get_no_label(package: Project) -> None:
    frame = sizes(300, 15)
    nobody = frame["id"] % 3 == 0
    labels = frame[["id", "label"]].assign(id=frame["id"].where(~nobody))
    for rows in (frame, frame.assign(id=labels["id"])):
        report = judge_on(package, rows.drop(columns="label"), labels)
        assert report.labelled_rows == int((~nobody).sum())


@pytest.mark.slow
def test_a_row_without_a_key_is_not_the_row_whose_key_reads_nan(package: Project) -> None:
    frame = sizes(3, 15).assign(id=["a", None, "b"]).drop(columns="label")
    labels = pd.DataFrame({"id": ["a", None], "label": ["big", "small"]})
    assert judge_on(package, frame, labels).labelled_rows == 1
