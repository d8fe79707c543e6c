"""Findings, and stores of both kinds."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from packager.tracker import intake
from packager.tracker.core.actions import AddComment, AddLabel, Assign, Ignore, Resolve
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.issue import Issue
from packager.tracker.core.moments import HOUR
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


class Filled(NamedTuple):
    """A store that tests only read, and its issues in order of their ids."""

    store: Store
    issues: list[Issue]


PACKAGES = ("diamonds", "churn")
KINDS = ("FeatureDrift", "AnomalyRate", "SliceRegression", "TargetDown")
TITLES = ("input moved", "input fell", "input Größe grew")


def filled(store: Store, steps: int = 24) -> Filled:
    """``store`` after random reports and actions, half an hour apart."""
    choice = random.Random(7)
    for step in range(steps):
        with store.write() as writer:
            for _ in range(12):
                _random_change(writer, choice, NOW + step * HOUR / 2)
    with store.read() as reader:
        rows = reader.db.rows("select id from issue order by id")
        found = [reader.issue(row["id"]) for row in rows]
    return Filled(store, [one for one in found if one is not None])


def _random_change(writer: Writer, choice: random.Random, now: float) -> None:
    one = finding(
        package=choice.choice(PACKAGES),
        kind=choice.choice(KINDS),
        subject=f"feature=f{choice.randrange(40)}",
        title=choice.choice(TITLES),
        severity=choice.choice(["page", "ticket", "info"]),
        share=choice.random(),
        firing=choice.random() < 0.8,
        starts_at=now,
        version=str(int(now - NOW) // 9000),
        delivery=str(choice.random()),
    )
    for issue in report(writer, one, now=now):
        if choice.random() < 0.4:
            action: Any = choice.choice(
                [
                    AddLabel(label="urgent"),
                    Assign(owner="ana"),
                    AddComment(text="the scanner was new"),
                    Ignore(reason="known"),
                    Resolve(reason="done"),
                ]
            )
            intake.act(writer, issue.id, action, "ana", now)
