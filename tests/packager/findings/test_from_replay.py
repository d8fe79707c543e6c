from __future__ import annotations

from host_samples import MANIFEST
from solution_layers import made_solution

from packager.findings.from_replay import findings_of_replay, findings_of_solution
from packager.model.integrity import IntegrityCheck
from packager.run.solution_replay import MemberReplay, SolutionReport
from packager.worker.replay.report import ReplayReport


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
