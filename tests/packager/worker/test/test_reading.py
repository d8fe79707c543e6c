"""Wrong data fail the schema with exit code 1; a wrong command line is wrong usage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judged_packages import check, judge_on, packaged, sizes
from worker_projects import Project

from packager.worker.job import DataTestJob
from packager.worker.test.reading import as_named
from packager.worker.test.run import run_test


@pytest.fixture(scope="module")
def declaring(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A package whose [test] and [slices] need columns that the model does not see."""
    shop = np.arange(4_000) % 400
    policy = {"groups": ["shop"], "fairness": {"columns": ["sex"]}}
    more = {"shop": shop, "sex": np.where(shop % 2, "f", "m")}
    return packaged(tmp_path_factory.mktemp("declaring"), policy, excluded=more)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("absent", "sentence"),
    [
        (["size"], "the feature 'size'"),
        (["size", "color"], "the features 'size', 'color'"),
        (["shop"], "the column 'shop' of [test] groups"),
        (["sex"], "the column 'sex' of [test.fairness]"),
        (["color", "sex"], "the feature 'color'; the column 'sex' of [test.fairness]"),
    ],
)
def test_absent_columns_fail_whatever_needs_them(
    declaring: Project, absent: list[str], sentence: str
) -> None:
    frame = sizes(200, 5).assign(shop=1, sex="f").drop(columns=absent)
    report = judge_on(declaring, frame)
    assert report.verdict == "failed"
    assert report.sentence == f"failed: the new data lack {sentence}"
    assert check(report, "schema", "columns").verdict == "failed"
    assert {one.verdict for one in report.families[1:]} == {"not judged"}


@pytest.mark.slow
def test_absent_labels_are_no_failure(declaring: Project) -> None:
    report = judge_on(declaring, sizes(200, 5).assign(shop=1, sex="f").drop(columns="label"))
    assert report.verdict == "inconclusive"
    assert report.sentence.endswith(
        "quality was not judged: the new data have no labels; fairness was not judged: the new "
        "data have no labels"
    )
    assert {one.family for one in report.families if one.verdict == "not judged"} == {
        *("quality", "calibration", "fairness", "weak"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"a,b\n1,2,3,4\n"])
def test_a_file_that_can_not_be_read_fails_and_names_the_path_of_the_user(
    package: Project, content: bytes, tmp_path: Path
) -> None:
    package.root.new.mkdir(parents=True, exist_ok=True)
    (package.root.new / "new.csv").write_bytes(content)
    job = DataTestJob(source="new.csv", shown="my/new.csv")
    report = run_test(job, package.root, tmp_path)
    assert report.verdict == "failed"
    assert str(package.root.path) not in report.model_dump_json()
    assert [file.path for file in report.files] == ["new.csv"]
    assert len(report.fingerprint) == 64


@pytest.mark.slow
def test_what_the_host_can_not_read_fails_too(package: Project, tmp_path: Path) -> None:
    judge_on(package, sizes(10, 1))
    job = DataTestJob(source="new.csv", unreadable="column 'a': expected what CSV can hold")
    report = run_test(job, package.root, tmp_path)
    assert report.sentence == "failed: column 'a': expected what CSV can hold"


def test_the_longest_path_is_replaced_first() -> None:
    paths = {Path("/data/new/a.csv"): "mine.csv", Path("/data/new"): "folder", Path("/x"): ""}
    assert as_named("/data/new/a.csv and /data/new/b.csv, /x", paths) == (
        "mine.csv and folder/b.csv, /x"
    )
