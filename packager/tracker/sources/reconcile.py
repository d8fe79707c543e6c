"""Makes the issues agree with what Alertmanager holds: nothing of it needs a network.

Webhooks get lost, and nothing is sent when a silenced alert ends. So Alertmanager's full list
decides: what is in it is observed for certain; what two looks running don't have is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from packager.tracker import intake
from packager.tracker.core.clearing import not_in_next, unobserved, without_observation
from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import Issue
from packager.tracker.intake import Receipt
from packager.tracker.sources.alertmanager import ALERTMANAGER, ReceivedAlert, finding_of
from packager.tracker.sources.alertmanager_api import AlertmanagerSnapshot
from packager.tracker.store.writer import Writer

BATCH = 100
"""Findings of one transaction, so that messages in between don't wait for all of them."""


class OpenAlert(NamedTuple):
    """An alert that an issue is open for."""

    issue: int
    key: str
    """The fingerprint."""
    starts_at: float
    package: str
    version: str


class ServedVersions(NamedTuple):
    """Versions of packages that Prometheus knows, each as (package, version)."""

    running: frozenset[tuple[str, str]]
    lately: frozenset[tuple[str, str]]
    """The versions that ran within a day."""

    def is_gone(self, package: str, version: str) -> bool:
        """Whether the last replica of a version ended."""
        return (package, version) in self.lately - self.running


def known_alerts(issues: Iterable[Issue]) -> list[OpenAlert]:
    """The alerts that issues are open for."""
    return [
        OpenAlert(issue.id, name.removeprefix(f"{ALERTMANAGER}/"), one.starts_at, issue.package,
              one.version)
        for issue in issues
        for name, one in issue.active.items()
        if one.source == ALERTMANAGER
    ]  # fmt: skip


def missing(
    known: Iterable[OpenAlert], looks: Sequence[AlertmanagerSnapshot], settle_seconds: float
) -> list[OpenAlert]:
    """Alerts in none of the snapshots; none while a restarted replica still lacks its alerts."""
    if not all(one.is_settled(settle_seconds) for one in looks):
        return []
    return [one for one in known if not any(one.key in look.alerts for look in looks)]


def batches(alerts: Mapping[str, ReceivedAlert]) -> list[list[Finding]]:
    """The findings of a look, in parts of at most ``BATCH``.

    They are no messages: each look counts, so they have no ``delivery``.
    """
    findings = [finding_of(alert).model_copy(update={"delivery": ""}) for alert in alerts.values()]
    return [findings[start : start + BATCH] for start in range(0, len(findings), BATCH)]


def take_held(
    store: Writer, findings: Iterable[Finding], before: Collection[str], now: float
) -> list[Receipt]:
    """Take alerts that Alertmanager holds.

    ``before``: keys of the alerts that were known when the look began. One that ended since then
    was reported by a later message than the look, so the look doesn't open it again.
    """
    receipts = []
    for finding in findings:
        issue = store.issue_of(finding.fingerprint)
        ended = (
            issue is not None and finding.observation not in issue.active and finding.key in before
        )
        if not ended:
            receipts.append(intake.receive_one(store, finding, now, certain=True))
    return receipts


def end_missing(
    store: Writer, gone: Iterable[OpenAlert], lives: ServedVersions | None, now: float
) -> list[Issue]:
    """End the alerts that Alertmanager no longer has; ``lives``: None without Prometheus."""
    ended = []
    for one in gone:
        issue = store.issue(one.issue)
        name = f"{ALERTMANAGER}/{one.key}"
        seen = issue.active.get(name) if issue is not None else None
        if issue is None or seen is None or seen.starts_at != one.starts_at:
            continue  # another message came since
        if lives is not None and lives.is_gone(one.package, one.version):
            change = unobserved(issue, name, now, ALERTMANAGER, one.version)
        else:
            text = "Alertmanager no longer has the alert"
            change = without_observation(issue, name, now, ALERTMANAGER, text)
        ended.append(store.store(issue, change))
    return ended


def end_one(store: Writer, finding: Finding, lives: ServedVersions | None, now: float) -> Receipt:
    """Take the message that an alert is over."""
    issue = store.issue_of(finding.fingerprint)
    seen = issue.active.get(finding.observation) if issue is not None else None
    gone = lives is not None and lives.is_gone(finding.package, finding.version)
    if not gone or issue is None or seen is None or finding.starts_at < seen.starts_at:
        return intake.receive_one(store, finding, now)
    change = unobserved(issue, finding.observation, now, ALERTMANAGER, finding.version)
    return Receipt(store.store(issue, change), "same")


def decide_unobserved(
    store: Writer, complete: Collection[tuple[str, str]], now: float
) -> list[Issue]:
    """Resolve issues of ended versions of whose package another version ran for a complete hour.

    ``complete``: those versions, as (package, version).
    """
    resolved = []
    for issue in store.unobserved() if complete else ():
        versions = store.versions(issue.package)
        names = [version for package, version in complete if package == issue.package]
        if not names:
            continue
        newest = names[0]
        for name in names[1:]:
            newest = versions.newest(newest, name)
        resolved.append(store.store(issue, not_in_next(issue, now, ALERTMANAGER, newest)))
    return resolved
