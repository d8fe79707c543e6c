from __future__ import annotations

import pytest
from host_samples import MANIFEST
from solution_layers import made_solution

from packager.findings.from_replay import findings_of_replay, findings_of_solution
from packager.model.integrity import IntegrityCheck
from packager.run.solution_replay import MemberReplay, SolutionReport
from packager.tracker.core.plot import LevelsPlot
from packager.worker.replay.report import MetricCheck, ModelComparison, ReplayReport


def report(**fields) -> ReplayReport:
    usual = {
        "level": "none",
        "required_level": "artifact",
        "passed": False,
        "checks": (
            IntegrityCheck(name="code", expected="1", actual="2", ok=False),
            IntegrityCheck(name="data", expected="1", actual="1", ok=True),
        ),
        "environment_recorded": MANIFEST.environment,
    }
    return ReplayReport(**{**usual, **fields})


def test_a_replay_below_its_level_names_level_and_checks():
    told = findings_of_replay(report(), MANIFEST, 9.0)
    assert told is not None
    [found] = told.findings
    assert (found.kind, found.subject, found.share) == ("ReplayFailed", "package", 1.0)
    assert found.title == "replay reached level none, expected artifact"
    assert found.summary == "failed: code"
    assert isinstance(found.plot, LevelsPlot)
    assert (found.plot.levels[found.plot.required], found.plot.reached) == ("artifact", None)


def test_differences_of_models_and_metrics_are_values():
    compared = ModelComparison(
        artifact=False, state=None, rows=500, label_flips=3, largest_difference=0.25
    )
    metrics = {
        "accuracy": MetricCheck(recorded=0.9, now=0.85, accepted=0.0, ok=False),
        "log_loss": MetricCheck(recorded=0.3, now=0.3, accepted=0.0, ok=True),
    }
    given = report(level="metrics", comparison=compared, metrics=metrics)
    told = findings_of_replay(given, MANIFEST, 9.0)
    assert told is not None
    [found] = told.findings
    assert found.values == pytest.approx(
        {
            "rows compared": 500,
            "rows with another label": 3,
            "largest difference": 0.25,
            "accuracy, now minus recorded": -0.05,
        }
    )
    assert isinstance(found.plot, LevelsPlot)
    assert found.plot.reached == 3


def test_a_replay_that_passed_closes_the_issue():
    told = findings_of_replay(report(passed=True, level="artifact"), MANIFEST, 9.0)
    assert told is not None
    assert told.findings == ()
    assert told.scan is not None
    assert told.scan.complete


def test_a_negative_control_says_nothing_about_the_package():
    assert findings_of_replay(report(perturbed="seed"), MANIFEST, 9.0) is None


def solution(**fields) -> SolutionReport:
    member = MemberReplay(package="p", version="1", root="0", why="no data")
    usual = {"level": "none", "passed": False, "members": {"price": member, "text": member}}
    return SolutionReport(**{**usual, "checks": report().checks, "verified_by": {}, **fields})


def test_a_failed_replay_of_a_solution_names_its_members():
    whole = MANIFEST.model_copy(update={"solution": made_solution().solution})
    told = findings_of_solution(solution(), whole, 9.0)
    assert told is not None
    [found] = told.findings
    assert found.title == "replay of the solution failed: price"
    assert found.summary == "failed: price, text, code"
    passed = findings_of_solution(solution(passed=True), whole, 9.0)
    assert passed is not None
    assert passed.findings == ()
    one = {"text": solution().members["text"]}
    assert findings_of_solution(solution(members=one), whole, 9.0) is None
