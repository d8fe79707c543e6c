"""The report of a test as a file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.worker.test.report import Check, FamilyReport


def test_a_check_comes_back() -> None:
    check = Check(
        family="quality",
        name="accuracy",
        baseline=0.9,
        now=0.8,
        difference=-0.1,
        worse=-1,
        interval=(-0.15, -0.05),
        limit=0.02,
        p=1e-9,
        q=2e-9,
        why="accuracy fell",
        examples=({"row": 1, "age": None},),
    )
    report = FamilyReport(family="quality", verdict="failed", level=0.01, checks=(check,))
    assert FamilyReport.model_validate_json(report.model_dump_json()) == report


def test_a_page_can_draw_the_details() -> None:
    with pytest.raises(ValidationError):
        FamilyReport(family="calibration", verdict="passed", details={"confidence": [0.5]})
