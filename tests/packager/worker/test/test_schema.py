"""Whether new rows can be answered."""

from __future__ import annotations

import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project

from packager.manifest.manifest import Manifest
from packager.manifest.policy import FAMILIES
from packager.model.integrity import MANIFEST
from packager.worker.test.new_rows import NOT_SHOWN, read_new_rows


@pytest.mark.slow
def test_an_absent_feature_fails_and_nothing_else_is_judged(package: Project) -> None:
    report = judge_on(package, sizes(500, 9).rename(columns={"color": "Color"}))
    assert report.verdict == "failed"
    assert report.sentence == "failed: the new data lack the feature 'color' (they have 'Color')"
    assert {one.family: one.verdict for one in report.families} == {
        "schema": "failed",
        **dict.fromkeys(FAMILIES[1:], "not judged"),
    }
    assert {one.why for one in report.families[1:]} == {"the new data lack columns"}


@pytest.mark.slow
def test_labels_of_another_spelling_and_no_rows_fail(package: Project) -> None:
    frame = sizes(400, 51)
    strange = frame.assign(label=frame["label"].where(frame.index > 99, frame["label"].str.title()))
    found = check(judge_on(package, strange), "schema", "labels")
    assert found.verdict == "failed"
    assert found.now == 100
    assert found.why.startswith("labels that are none of the model's classes ('big', 'small'): ")
    other = judge_on(package, frame.assign(label=frame["label"].str.upper()))
    assert other.labelled_rows == 0
    assert [one.name for one in other.checks if one.verdict == "failed"] == ["labels"]
    assert {one.why for one in other.families if one.verdict == "not judged"} == {
        "no label is one of the model's classes"
    }
    nothing = judge_on(package, frame.iloc[:0])
    assert nothing.sentence == "failed: the new data have no row"


@pytest.mark.slow
def test_a_refused_cell_of_personal_data_is_not_shown(package: Project) -> None:
    manifest = Manifest.load(package.root.package / MANIFEST)
    declared = manifest.schema_.model_copy(
        update={
            "features": tuple(
                one.model_copy(update={"personal": "personal data"})
                for one in manifest.schema_.features
            )
        }
    )
    frame = sizes(3, 9).astype({"size": object})
    frame.loc[1, "size"] = "anna@example.org"
    path = package.out / "personal.csv"
    frame.to_csv(path, index=False)
    rows = read_new_rows(path, manifest.model_copy(update={"schema_": declared}))
    (cell,) = rows.invalid
    assert (cell.row, cell.expected, cell.got) == (1, "a number", NOT_SHOWN)
