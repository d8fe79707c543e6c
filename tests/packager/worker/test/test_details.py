"""What families hand to the page, held by their records."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.worker.test import report as reports
from packager.worker.test.details import CalibrationDetails, QualityDetails, WeakDetails

CURVE = CalibrationDetails(
    confidence=(0.2, 0.8), accuracy=(0.3, 0.7), low=(0.1, 0.6), high=(0.5, 0.8), rows=(10, 90)
)


def family(name: str, details: dict[str, object]) -> reports.FamilyReport:
    return reports.FamilyReport(family=name, verdict="passed", details=details)


def test_a_record_survives_the_report() -> None:
    found = family("calibration", CURVE.model_dump())
    again = reports.FamilyReport.model_validate_json(found.dump())
    assert CalibrationDetails.of(again.details) == CURVE


def test_no_details_are_no_record() -> None:
    assert WeakDetails.of(family("weak", {}).details) is None


@pytest.mark.parametrize(
    ("name", "details", "message"),
    [
        ("calibration", {**CURVE.model_dump(), "rows": (1,)}, "lists of one length"),
        ("calibration", {**CURVE.model_dump(), "packaged_accuracy": (1,)}, "lists of one length"),
        ("quality", {"classes": ["a", "b"], "confusion": [[1, 2]]}, "a matrix of 2 by 2"),
        ("weak", {"slices": [{"rule": "a < 1"}]}, "Field required"),
        ("suspects", {"rows": 1}, "Field required"),
    ],
)
def test_details_that_no_page_can_draw_are_refused(
    name: str, details: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        family(name, details)


@pytest.mark.parametrize(
    ("name", "details", "message"),
    [
        ("drift", {"bins": ["a", "b"], "reference": [1, 2], "counts": [3]}, "lists of one length"),
        ("time", {"ratio": [1.0]}, "Field required"),
    ],
)
def test_details_of_a_check_are_held_too(
    name: str, details: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        reports.Check(family=name, name="age", details=details)


def test_a_family_may_tell_more_than_a_page_draws() -> None:
    more = {"classes": ["a"], "confusion": [[3]], "other": 1}
    assert family("quality", more).details["other"] == 1
    assert QualityDetails.of(more) == QualityDetails(classes=("a",), confusion=((3,),))
