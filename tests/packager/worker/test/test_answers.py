"""Rows that the model refuses."""

from __future__ import annotations

import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project


@pytest.mark.slow
def test_rows_on_which_the_model_raises_are_left_out_and_named(package: Project) -> None:
    frame = sizes(1_000, 10)
    frame.loc[17, "color"] = "fatal"
    report = judge_on(package, frame)
    found = check(report, "schema", "answers")
    assert found.verdict == "failed"
    assert "no such color" in found.why
    assert found.examples[0]["row"] == 17
    assert (report.rows, report.judged_rows) == (1_000, 999)
