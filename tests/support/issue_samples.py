"""Findings, and stores of both kinds."""

from __future__ import annotations

from typing import Any

from packager.tracker import intake
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.issue import Issue
from packager.tracker.store.store import Store
from packager.tracker.store.writer import Writer

NOW = 1_796_000_000.0
"""November 2026."""


def finding(**changes: Any) -> Finding:
    """A finding of an alert; ``changes`` are its other fields."""
    known = {
        "package": "diamonds",
        "version": "1",
        "kind": "FeatureDrift",
        "subject": "feature=carat",
        "source": "alertmanager",
        "share": 0.22,
        "certainty": 0.7,
        "starts_at": NOW,
    }
    return Finding.model_validate(known | changes)


def report(writer: Writer, *findings: Finding, now: float = NOW) -> list[Issue]:
    """Report findings in the transaction of ``writer``; their issues."""
    found = intake.receive(writer, Report(findings=findings), now)
    return [one.issue for one in found if one.issue is not None]


def reported(store: Store, *findings: Finding, now: float = NOW) -> list[Issue]:
    """The same in a transaction of its own."""
    with store.write() as writer:
        return report(writer, *findings, now=now)
