from __future__ import annotations

from host_samples import MANIFEST

from packager.findings.from_replay import findings_of_replay
from packager.model.integrity import IntegrityCheck
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
