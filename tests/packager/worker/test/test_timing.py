"""Processor time as a ratio, measured in turn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project

from packager.manifest.policy import Policy
from packager.worker.job import PreviousTimes
from packager.worker.test.timing import MIN_ROUNDS, ONLY_RELATIVE, ratios, timing
from packager.worker.test.verdict import judge

NOISE = [0.98, 1.0, 1.01, 0.99, 1.03, 1.0, 0.97, 1.02]


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, "passed"), (1.2, "passed"), (2.0, "failed"), (0.5, "passed")]
)
def test_slower_rows_fail_beyond_what_the_policy_allows(factor: float, verdict: str) -> None:
    found = timing([factor * one for one in NOISE], Policy())
    (report,) = judge({"time": found}, Policy())
    assert report.checks[0].verdict == verdict
    assert report.checks[0].difference == pytest.approx(factor - 1, abs=0.02)


def test_noise_alone_is_no_failure_however_large() -> None:
    noisy = [0.5, 4.0, 0.7, 3.0, 0.4, 2.5, 0.6, 1.8]
    (report,) = judge({"time": timing(noisy, Policy())}, Policy())
    assert report.checks[0].verdict == "inconclusive"


def test_both_frames_are_first_in_turn() -> None:
    order: list[str] = []

    def measure(frame: pd.DataFrame) -> float:
        order.append(frame.columns[0])
        return 2.0 if frame.columns[0] == "new" else 1.0

    new, reference = pd.DataFrame({"new": [1]}), pd.DataFrame({"reference": [1]})
    found = ratios(measure, new, reference)
    assert set(found) == {2.0}
    assert len(found) >= MIN_ROUNDS
    measured = order[2:]
    assert measured[:4] == ["reference", "new", "new", "reference"]


@pytest.mark.slow
def test_a_package_measures_itself(package: Project) -> None:
    found = check(judge_on(package, sizes(500, 31)), "time", "processor time")
    assert found.now is not None
    assert found.now > 0
    assert found.rows >= MIN_ROUNDS


@pytest.mark.slow
def test_without_a_measurement_nothing_is_judged(package: Project) -> None:
    assert timing("the companion holds no data", Policy()).not_judged == (
        "the companion holds no data"
    )
    assert timing((), Policy()).not_judged == "fewer than 50 rows to measure"
    few = judge_on(package, sizes(30, 32))
    assert next(one.why for one in few.families if one.family == "time") == (
        "fewer than 50 rows to measure"
    )


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_does_not_fail_a_model_and_twice_the_time_does(seed: int) -> None:
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.06, 6))
    for factor, verdict in ((1.0, "passed"), (2.0, "failed")):
        previous = PreviousTimes(tag="stones:1", ratios=tuple(factor * noise))
        found = timing("the companion holds no data", Policy(), previous)
        (report,) = judge({"time": found}, Policy())
        assert report.verdict == verdict
        assert [one.name for one in report.checks] == ["processor time since stones:1"]


def test_a_report_says_what_it_can_not_see() -> None:
    alone = timing(NOISE, Policy())
    assert [(one.subject, one.why) for one in alone.not_tested] == [
        ("processor time of the model as a whole", ONLY_RELATIVE)
    ]
    lacking = PreviousTimes(tag="stones:1", why="the new data lack its feature 'old'")
    (report,) = judge({"time": timing(NOISE, Policy(), lacking)}, Policy())
    assert report.verdict == "inconclusive"
    assert report.why == (
        "processor time of the model as a whole was not tested: stones:1: the new data lack its "
        "feature 'old'"
    )
