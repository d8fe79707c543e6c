"""The family calibration: what it says of an overconfident model, and what it can't judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from judged_samples import answered, masks, numbers

from modelhost.predictions import Predictions
from packager.manifest.policy import CalibrationPolicy, Policy
from packager.worker.test.baseline import Baseline
from packager.worker.test.calibration import calibration
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.judged_rows import JudgedRows, baseline_of
from packager.worker.test.report import FamilyReport
from packager.worker.test.verdict import judge


def packaged(rows: int = 4_000) -> Baseline:
    frame, judged = answered(rows, 0)
    return baseline_of(judged, masks(frame)).model_copy(update={"answers": class_baseline(judged)})


def report(judged: Any, gap: float = 0.02) -> FamilyReport:
    found = calibration(judged, packaged(), CalibrationPolicy(gap=gap))
    (family,) = judge({"calibration": found}, Policy())
    return family


def test_unchanged_rows_pass() -> None:
    found = report(answered(8_000, 1)[1], gap=0.05)
    assert found.verdict == "passed"
    assert [one.name for one in found.checks] == [
        "accuracy at equal confidence",
        "reliability curve",
    ]


def test_confidence_that_is_no_longer_earned_fails_with_its_size() -> None:
    found = report(answered(4_000, 1, wrong=0.3)[1])
    assert found.verdict == "failed"
    level, curve = found.checks
    assert level.verdict == curve.verdict == "failed"
    assert level.difference == pytest.approx((level.now or 0) - (level.baseline or 0))
    assert level.why.startswith(f"accuracy {level.now:.4g}, {level.baseline:.4g} is expected from")
    assert (curve.now or 0) > 0.02


def test_the_curve_is_there_for_a_page_with_bands() -> None:
    details = report(answered(2_000, 1)[1]).details
    lists = [details[key] for key in ("confidence", "accuracy", "low", "high", "rows")]
    assert len({len(one) for one in lists}) == 1
    assert sum(details["rows"]) == 2_000
    for low, share, high in zip(details["low"], details["accuracy"], details["high"], strict=True):
        assert low <= share <= high
    assert 0 < details["calibration_error"] < 0.1
    assert len(details["packaged_accuracy"]) == len(details["rows"])


def test_few_rows_are_not_judged_and_drawn_all_the_same() -> None:
    found = report(answered(12, 1)[1])
    assert found.verdict == "not judged"
    assert found.why == "too few of 12 labelled rows, right or wrong, to compare"
    assert sum(found.details["rows"]) == 12


def test_answers_without_confidence_are_not_judged() -> None:
    _, judged = answered(500, 0)
    bare = JudgedRows(
        "classification", judged.truth, Predictions(judged.predictions.labels, None), None
    )
    assert report(bare).why == "the model gives no probabilities"
    assert report(numbers(500, 0)).why == "only labels have a confidence"


def test_harder_rows_of_an_unchanged_model_pass() -> None:
    _, judged = answered(20_000, 1)
    assert judged.predictions.probabilities is not None
    hard = np.abs(judged.predictions.probabilities[:, 1] - 0.5) < 0.25
    found = report(judged.where(hard), gap=0.05)
    assert found.verdict == "passed"
