"""Weak slices in a test on new data: found by their excess over the confidence, as a line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from judged_packages import judge_on, packaged, sizes
from worker_projects import Project

from modelhost.predictions import Predictions
from monitoring.profile.calibration import calibrate
from monitoring.profile.profile import Profile
from monitoring.slices.slices import SliceSet
from packager.data.frames import infer_columns
from packager.manifest.manifest import Schema
from packager.manifest.policy import Policy
from packager.worker.test.baseline import BASELINE, Baseline
from packager.worker.test.details import WeakDetails
from packager.worker.test.held_out import WEAK
from packager.worker.test.judged_rows import JudgedRows
from packager.worker.test.report import DataTestReport
from packager.worker.test.weak_family import losses_of, weak
from packager.worker.test.weak_slice import WeakSlices


def found(report: DataTestReport) -> WeakDetails:
    (family,) = (one for one in report.families if one.family == "weak")
    details = WeakDetails.of(family.details)
    assert details is not None
    return details


@pytest.mark.slow
def test_a_slice_that_nobody_declared_is_found_and_its_line_names_its_rows(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    project = packaged(tmp_path_factory.mktemp("weak"), {"false_alarm": 0.05})
    frame = sizes(8_000, 41)
    planted = (frame["color"] == "green") & (frame["size"] > 6)
    turned = planted & (np.random.default_rng(0).random(8_000) < 0.4)
    frame.loc[turned, "label"] = "small"
    report = judge_on(project, frame)
    first = found(report).slices[0]
    named = SliceSet({}, {"own": first.rule}).masks(frame)["own"]
    assert (named & planted).sum() / named.sum() > 0.8
    assert (named & planted).sum() / planted.sum() > 0.5
    assert first.low > 0
    assert len(first.examples) == 10
    assert {"row", "loss", "cells"} == set(first.examples[0])
    assert {"size", "color"} <= set(first.examples[0]["cells"])
    (check, *_) = [c for c in report.checks if c.family == "weak" and c.name == first.rule]
    assert check.verdict == "failed"
    assert "its confidence lets expect" in check.why


def test_the_calibration_of_other_rows_has_noise_and_that_of_the_same_rows_none() -> None:
    draw = np.random.default_rng(5)
    sure = draw.uniform(0.5, 1, 400)
    calibration = calibrate(sure, draw.random(400) < sure)
    profile = Profile.model_construct(calibration=calibration, features=())
    answers = Predictions(["a"] * 400, np.column_stack([sure, 1 - sure]))
    judged = JudgedRows("classification", ["a"] * 400, answers, ("a", "b"))
    built = losses_of(judged, profile)
    tested = losses_of(judged, profile, Baseline(rows=400, slices={}))
    assert built is not None
    assert tested is not None
    assert built.noise is None
    assert tested.noise is not None
    assert built.expected is not None
    assert np.array_equal(tested.expected, built.expected)
    rows = np.asarray(calibration.counts)
    values = np.asarray(calibration.values)
    share = (values * rows + 0.5) / (rows + 1)
    wanted = np.sqrt(np.sum((rows / 400) ** 2 * share * (1 - share) / (rows + 1)))
    assert tested.noise.error(np.ones(400, bool)) == pytest.approx(wanted)


@pytest.mark.slow
def test_hard_rows_are_not_weak(package: Project) -> None:
    report = judge_on(package, sizes(6_000, 42))
    assert found(report).slices == ()
    (search,) = (c for c in report.checks if c.family == "weak")
    assert search.verdict == "passed"
    assert search.why.startswith("no weak slice among ")


def test_a_package_holds_its_baseline_and_weak_slices_without_rows(package: Project) -> None:
    assert (package.out / BASELINE).is_file()
    weak = WeakSlices.load(package.out / WEAK)
    assert weak.rows == pytest.approx(2_000, abs=200)
    assert all({*row} == {"row", "loss"} for one in weak.slices for row in one.examples)


def regression(errors: list[float]) -> JudgedRows:
    """Rows whose right answers are 0."""
    return JudgedRows("regression", [0.0] * len(errors), Predictions(errors, None), classes=None)


@pytest.mark.parametrize(("against", "verdict"), [("confidence", "warned"), ("rest", "failed")])
def test_larger_errors_than_the_rest_fail_only_where_the_policy_asks_for_them(
    against: str, verdict: str
) -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"rain": draw.choice(["yes", "no"], 4_000, p=[0.2, 0.8])})
    error = draw.normal(0, np.where(frame["rain"] == "yes", 5, 1))
    judged = regression(error.tolist())
    schema = Schema(features=infer_columns(frame), classes=None)
    policy = Policy.model_validate({"weak": {"against": against}})
    checks = weak(judged, frame, None, None, schema, policy).checks
    assert {one.verdict for one in checks if one.q is not None} == {verdict}


def test_rows_too_few_for_any_slice_are_not_judged() -> None:
    frame = pd.DataFrame({"rain": ["yes", "no"] * 20})
    schema = Schema(features=infer_columns(frame), classes=None)
    judged = weak(regression([1.0] * 40), frame, None, None, schema, Policy())
    assert judged.checks == ()
    assert judged.not_judged == "no slice of 40 labelled rows has 50 rows"
