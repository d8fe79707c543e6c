"""New rows as a server would read them."""

from __future__ import annotations

import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project


@pytest.mark.slow
def test_cells_of_another_kind_are_left_out_and_named(package: Project) -> None:
    frame = sizes(2_000, 8).astype({"size": object})
    frame.loc[[5, 9], "size"] = ["wide", "tall"]
    report = judge_on(package, frame)
    cells = check(report, "schema", "cells")
    assert cells.verdict == "failed"
    assert cells.why == (
        "2 of 2,000 rows are refused, first row 5, column 'size': expected a number, got \"wide\""
    )
    assert [one["row"] for one in cells.examples] == [5, 9]
    assert (report.rows, report.judged_rows) == (2_000, 1_998)
