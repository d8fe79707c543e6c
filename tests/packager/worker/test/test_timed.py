"""Processor time of a package on new rows, for a comparison with another package."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_packages import judge_on, sizes
from worker_projects import Project

from packager.errors import PackageError
from packager.worker.job import DataTestJob
from packager.worker.test.timed import TimedRows, measure_rows

JOB = DataTestJob(source="new.csv")


@pytest.mark.slow
def test_the_time_of_a_row_is_measured(package: Project, tmp_path: Path) -> None:
    judge_on(package, sizes(100, 1))
    found = measure_rows(JOB, package.root, tmp_path)
    assert found.rows == 100
    assert found.seconds > 0
    assert TimedRows.load(tmp_path / "timed.json") == found


@pytest.mark.slow
def test_rows_that_it_can_not_answer_are_said(package: Project, tmp_path: Path) -> None:
    judge_on(package, sizes(100, 1).drop(columns="size"))
    with pytest.raises(PackageError, match="the new data lack its feature 'size'"):
        measure_rows(JOB, package.root, tmp_path)
    judge_on(package, sizes(20, 1))
    with pytest.raises(PackageError, match="fewer than 50 rows are valid for it"):
        measure_rows(JOB, package.root, tmp_path)
