"""The report of a test on new data."""

from __future__ import annotations

import pytest
import tested_packages as made
from pydantic import ValidationError

from packager.worker.test import report as reports


@pytest.mark.parametrize(
    ("verdict", "inconclusive", "passed"),
    [
        ("passed", "fail", True),
        ("failed", "pass", False),
        ("inconclusive", "pass", True),
        ("inconclusive", "fail", False),
    ],
)
def test_the_policy_says_whether_an_inconclusive_test_passes(
    verdict: str, inconclusive: str, passed: bool
) -> None:
    found = made.report(verdict=verdict, policy={"inconclusive": inconclusive})
    assert found.passed is passed


def test_a_report_reads_back_from_its_file(tmp_path) -> None:
    found = made.every_family("color")
    (tmp_path / "report.json").write_bytes(found.dump())
    again = reports.DataTestReport.load(tmp_path / "report.json")
    assert again.dump() == found.dump()
    assert len(again.checks) == sum(len(family.checks) for family in found.families)


def test_details_that_a_page_can_not_draw_are_refused() -> None:
    with pytest.raises(ValidationError):
        reports.FamilyReport(family="calibration", verdict="passed", details={"confidence": [0.5]})
