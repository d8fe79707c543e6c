"""The finding of ``package feedback``: labels that a server refused."""

from __future__ import annotations

from collections.abc import Mapping

from packager.replicas.feedback import FeedbackResult
from packager.tracker.core.finding import Finding, Report, ScanReport
from packager.tracker.core.plot import MAX_ROWS, CountedRow, CountsPlot

SOURCE = "feedback"
KIND = "LabelsRejected"
"""The name of the alert that watches the same: both are one issue."""
ACTION = "`package feedback URL --data FILE --json` names each label and the reason."


def findings_of_feedback(
    sent: FeedbackResult, package: str, version: str, file: str, at: float
) -> Report:
    """The report of one file of labels; labels that were counted before are no finding."""
    reasons = {reason: n for reason, n in sent.reasons.items() if reason != "duplicate"}
    refused, known = sum(reasons.values()), sent.accepted + len(sent.rejected)
    scan = ScanReport(
        package=package, version=version, source=SOURCE, scope=file, complete=True, at=at
    )
    if not refused:
        return Report(scan=scan)
    finding = Finding(
        package=package,
        version=version,
        kind=KIND,
        share=refused / known,
        evidence=f"{refused:,} of {known:,} labels",
        title=f"{refused:,} labels were refused",
        summary="; ".join(f"{n:,} {reason}" for reason, n in reasons.items()),
        action=ACTION,
        source=SOURCE,
        key=file,
        starts_at=at,
        values={"refused": float(refused), "labels": float(known)},
        plot=_plot(sent, reasons, known),
    )
    return Report(findings=(finding,), scan=scan)


def _plot(sent: FeedbackResult, reasons: Mapping[str, int], known: int) -> CountsPlot:
    """Labels by what became of them, the refused ones first."""
    refused = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    rows = [CountedRow(name=name, count=n, subject=True) for name, n in refused[: MAX_ROWS - 2]]
    before = len(sent.rejected) - sum(reasons.values())
    others = {"counted": sent.accepted, "counted before": before}
    rows += [CountedRow(name=name, count=n) for name, n in others.items() if n]
    return CountsPlot(title="Labels of the file", unit="labels", rows=tuple(rows), total=known)
