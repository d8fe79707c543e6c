"""The finding of ``package feedback``: labels that a server refused."""

from __future__ import annotations

from packager.replicas.feedback import FeedbackResult
from packager.tracker.core.finding import Finding, Report, ScanReport

SOURCE = "feedback"
ACTION = "`package feedback URL --input FILE --json` names each label and the reason."


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
        kind="FeedbackRejected",
        share=refused / known,
        evidence=f"{refused:,} of {known:,} labels",
        title=f"{refused:,} labels were refused",
        summary="; ".join(f"{n:,} {reason}" for reason, n in reasons.items()),
        action=ACTION,
        source=SOURCE,
        key=file,
        starts_at=at,
        values={"refused": float(refused), "labels": float(known)},
    )
    return Report(findings=(finding,), scan=scan)
