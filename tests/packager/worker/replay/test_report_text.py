"""The text report of a replay: checks, metrics, environment, and the verdict last."""

from __future__ import annotations

from typing import Any

import pytest
from host_samples import MANIFEST

from packager.model.integrity import IntegrityCheck
from packager.worker.replay.report import MetricCheck, ModelComparison, ReplayReport
from packager.worker.replay.report_text import as_text, number, verdict

GOOD = IntegrityCheck(name="code", expected="a", actual="a", ok=True)
WRONG = IntegrityCheck(name="model", expected="abc", actual="missing", ok=False)


def report(**changes: Any) -> ReplayReport:
    fields = {
        "level": "artifact",
        "required_level": "artifact",
        "passed": True,
        "checks": (GOOD,),
        "environment_recorded": MANIFEST.environment,
    }
    return ReplayReport.model_validate(fields | changes)


def comparison(**changes: Any) -> ModelComparison:
    fields = {"artifact": True, "state": True, "rows": 20, "label_flips": 0}
    return ModelComparison.model_validate(fields | changes)


def test_the_verdict_is_the_last_line():
    assert as_text(report()).splitlines()[-2:] == [
        "equivalence level: artifact (claimed: artifact)",
        "replay: passed",
    ]
    assert as_text(report(passed=False)).endswith("\nreplay: failed")


def test_only_checks_that_are_wrong_are_reported_one_by_one():
    lines = as_text(report(checks=(GOOD, WRONG), passed=False)).splitlines()
    assert lines[:2] == ["checks: 1 of 2 equal", "  model: expected abc, got missing"]


def test_a_metric_that_is_not_accepted_is_marked_and_one_that_is_absent_is_none():
    metrics = {
        "accuracy": MetricCheck(recorded=0.8, now=0.8, accepted=0.0, ok=True),
        "lift": MetricCheck(recorded=2.0, now=None, accepted=0.1, ok=False),
    }
    text = as_text(report(metrics=metrics, comparison=comparison()))
    assert "  accuracy: 0.8 recorded, 0.8 now\n" in text
    assert "  lift: 2 recorded, none now  (not accepted)\n" in text
    assert "metrics: none compared" in as_text(report(comparison=comparison()))


@pytest.mark.parametrize(
    ("state", "told"), [(True, "equal"), (False, "differs"), (None, "can't be inspected")]
)
def test_where_the_bytes_differ_the_state_is_reported(state, told):
    found = comparison(
        artifact=False, state=state, differing=("trees: 3 of 9",), ignored=("a clock",)
    )
    lines = as_text(report(comparison=found)).splitlines()
    assert f"model: different bytes; state {told}" in lines
    assert "  trees: 3 of 9" in lines
    assert "  a clock (not part of the state)" in lines
    assert "different bytes" not in as_text(report(comparison=comparison()))


def test_predictions_are_reported_with_the_rows_that_differ_most():
    found = comparison(label_flips=2, largest_difference=0.125, differing_rows=(7, 3))
    lines = as_text(report(comparison=found)).splitlines()
    assert "predictions: 20 held-out rows, 2 label flips, largest difference 0.125" in lines
    assert "  held-out rows that differ most: 7, 3" in lines
    numbers = comparison(label_flips=None)
    assert "predictions: 20 held-out rows, largest difference none" in as_text(
        report(comparison=numbers)
    )


def test_below_the_strongest_level_the_environment_is_reported():
    now = {"environment_now": MANIFEST.environment, "level": "metrics", "level_at_build": "state"}
    text = as_text(report(**now, nondeterminism=("train.py:3: no seed",)))
    assert "environment: nothing that is recorded differs" in text
    assert "possible cause: train.py:3: no seed" in text
    assert "equivalence level: metrics (claimed: artifact, at build: state)" in text
    text = as_text(report(**now, environment_differences=("cpu: a, now b",)))
    assert "environment: cpu: a, now b" in text
    assert "environment" not in as_text(report(environment_now=MANIFEST.environment))


def test_a_level_that_nobody_claimed_is_said_to_be_none():
    assert "equivalence level: artifact (claimed: none)" in as_text(report(claimed=False))


def test_where_it_ran_is_reported_where_that_is_known():
    assert "isolation: " not in as_text(report())
    assert "  isolation: container" in as_text(report(isolation={"where": "container"}))


@pytest.mark.parametrize(("passed", "told"), [(True, "detected"), (False, "not detected, so")])
def test_the_text_of_a_negative_control_says_whether_it_was_detected(passed, told):
    text = verdict(report(perturbed="seed: 8 in place of 7", passed=passed))
    assert text.startswith(f"perturbed: seed: 8 in place of 7: {told}")


@pytest.mark.parametrize(
    ("value", "text"), [(None, "none"), (1 / 3, "0.333333"), (1e-9, "1e-09"), (5.0, "5")]
)
def test_numbers_have_six_significant_digits(value, text):
    assert number(value) == text
