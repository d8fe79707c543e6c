"""The data check of a build: the issues that stop it, and those that the user accepted."""

from __future__ import annotations

import pytest

from packager.review.gate import gate_error, undecided


def test_a_finding_that_the_user_accepts_stops_nothing(tmp_path):
    from packager.data.checks.finding import DataCheckReport, DataFinding
    from packager.review.verdicts import Verdict

    finding = DataFinding(
        detector="leakage",
        score=1,
        column=None,
        observed="a copy",
        expected="none",
        suggestion="",
        row=3,
        row_hash="a" * 16,
        blocking=True,
    )
    report = DataCheckReport(
        rows=9,
        columns=(),
        counts={"leakage": 1},
        model_free=(),
        findings=(finding,),
        cells={},
        histograms={},
        notes=(),
    )
    assert undecided(report.blocking, [Verdict(row_hash="a" * 16, verdict="keep")]) == ()
    assert undecided(report.blocking, [Verdict(row_hash="a" * 16, verdict="drop")]) == (finding,)
    error = gate_error(report, report.blocking, tmp_path)
    assert "1 finding stopped the build" in error.message
    assert "--allow-findings" in error.hint
    assert f"package data issues {tmp_path} --output DIR" in error.hint


@pytest.mark.parametrize(("fresh", "runs"), [(False, 1), (True, 2)])
def test_a_cached_report_is_reused_unless_the_build_takes_no_cache(
    tmp_path, cache, monkeypatch, fresh: bool, runs: int
):
    from packager.data.checks.finding import DataCheckReport
    from packager.progress import NullProgress
    from packager.project.config import load_project
    from packager.project.scaffold import init_project
    from packager.review import gate

    report = DataCheckReport(
        rows=9,
        columns=(),
        counts={},
        model_free=(),
        findings=(),
        cells={},
        histograms={},
        notes=(),
    )
    asked: list[str] = []

    class Checks:
        isolation = "process"

        def run(self, verb, inputs, output, progress):
            asked.append(verb)
            (output / "check.json").write_bytes(report.dump())

    monkeypatch.setattr(gate, "inputs_digest", lambda *_: "digest")
    init_project(tmp_path / "project")
    project = load_project(tmp_path / "project")
    for again in (False, fresh):
        options = gate.GateOptions(allow=False, fresh=again)
        gate.review(project, None, None, Checks(), NullProgress(), options)
    assert asked == ["check"] * runs
