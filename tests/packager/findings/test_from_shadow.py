from __future__ import annotations

from typing import Any

from packager.findings.from_shadow import findings_of_shadow
from packager.replicas.shadow import ShadowReport, ShadowSlice
from packager.tracker.core.finding import Report
from packager.tracker.core.plot import CountsPlot, IntervalsPlot

ROWS = {"same": 900.0, "other": 60.0, "incomparable": 0.0, "failed": 5.0, "dropped": 35.0}


def found(low: float, high: float, **fields: Any) -> Report:
    every = ShadowSlice("__all__", 900.0, 0.9, 0.95, (low + high) / 2, low, high)
    usual: dict[str, Any] = {
        "model": "m", "version": "1-a", "source": "here", "challengers": ("2-b",), "rows": ROWS,
        "unpaired": 0.0, "horizon": 2_000.0, "slices": (every,), "regression": False,
    }  # fmt: skip
    return findings_of_shadow(ShadowReport(**{**usual, **fields}), 9.0)


def unjudged(report: Report) -> set[str]:
    assert report.scan is not None
    assert report.scan.complete
    return {one.kind for one in report.scan.unjudged}


def test_a_verdict_is_the_information_of_its_alert_and_ends_the_other_one():
    report = found(0.02, 0.08)
    [better] = report.findings
    assert (better.kind, better.severity, better.subject) == ("ChallengerBetter", "info", "package")
    assert better.title == "the challenger is better than this version"
    assert better.summary == "challenger 2-b"
    assert isinstance(better.plot, IntervalsPlot)
    [row] = better.plot.rows
    assert (row.name, row.low, row.high, row.reference) == ("all rows", 0.02, 0.08, 0.0)
    assert unjudged(report) == set()
    [worse] = found(-0.08, -0.02).findings
    assert (worse.kind, worse.title) == (
        "ChallengerWorse", "the challenger is worse than this version",
    )  # fmt: skip


def test_an_undecided_comparison_is_no_finding_and_ends_none():
    report = found(-0.02, 0.08)
    assert report.findings == ()
    assert unjudged(report) == {"ChallengerBetter", "ChallengerWorse"}
    assert found(0.02, 0.08, challengers=("2-b", "3-c")).findings == ()


def test_a_challenger_that_does_not_answer_most_rows_is_a_ticket():
    rows = {"same": 40.0, "failed": 50.0, "dropped": 30.0}
    report = found(-0.1, 0.1, rows=rows)
    [silent] = report.findings
    assert (silent.kind, silent.severity) == ("ShadowNotAnswering", "ticket")
    assert silent.evidence == "80 of 120 sampled rows have no answer"
    assert abs(silent.share - 2 / 3) < 1e-9
    assert isinstance(silent.plot, CountsPlot)
    assert {one.name for one in silent.plot.rows if one.subject} == {"failed", "dropped"}
    assert "ShadowNotAnswering" not in unjudged(report)


def test_a_few_rows_without_an_answer_say_nothing():
    report = found(-0.1, 0.1, rows={"failed": 99.0})
    assert report.findings == ()
    assert "ShadowNotAnswering" in unjudged(report)


def test_the_report_can_be_sent():
    sent = found(0.02, 0.08, rows={"same": 50.0, "dropped": 200.0}).model_dump_json()
    assert [one.kind for one in Report.model_validate_json(sent).findings] == [
        "ShadowNotAnswering", "ChallengerBetter",
    ]  # fmt: skip
