"""The data check of a build: the issues that stop it, and those that the user accepted."""

from __future__ import annotations

from packager.review.gate import gate_error, undecided


def test_a_finding_that_the_user_accepts_stops_nothing(tmp_path):
    from packager.data.checks.finding import DataCheckReport, Finding
    from packager.review.verdicts import Verdict

    finding = Finding(
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
