"""Formats a data check as text: counts by detector, single issues, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.report.table import table
from packager.review.summary import DESCRIPTIONS, by_detector, checked, notes
from packager.review.verdicts import Verdict
from packager.text import escape_control_characters


def counts_text(
    report: DataCheckReport, verdicts: Sequence[Verdict] = (), columns: int | None = None
) -> str:
    """A line for each detector with a finding, worst first, then the notes."""
    counts = by_detector(report)
    rows = [
        (one.count, DESCRIPTIONS[one.detector], one.detector, "yes" if one.blocking else "")
        for one in counts
    ]
    heads = ("count", "issue", "detector", "stops a build")
    shown = table(heads, rows, columns)
    rest = map(escape_control_characters, notes(report, verdicts, counts))
    return "\n".join([checked(report), *([shown] if shown else []), *rest])


def issues_text(findings: Sequence[DataFinding], columns: int | None = None) -> str:
    """A line for each finding: score, row, hash, detector, column, observed and expected value."""
    heads = ("score", "row", "row hash", "detector", "column", "issue")
    return table(heads, map(_issue, findings), columns, right=("score", "row"))


def _issue(finding: DataFinding) -> tuple[str, ...]:
    return (
        f"{finding.score:.2f}",
        finding.row_number,
        finding.row_hash or "",
        finding.detector,
        finding.column or "",
        f"{finding.observed}; expected {finding.expected}",
    )


def verdicts_text(verdicts: Sequence[Verdict], columns: int | None = None) -> str:
    """A line for each verdict."""
    heads = ("row hash", "verdict", "column", "value", "reason")
    rows = [
        (verdict.row_hash, verdict.verdict, verdict.column, _value(verdict), verdict.reason or "")
        for verdict in verdicts
    ]
    return table(heads, rows, columns)


def _value(verdict: Verdict) -> str:
    return verdict.value or ("empty" if verdict.verdict == "fix" else "")
