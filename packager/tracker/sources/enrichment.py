"""Share, certainty and plot of an alert's issue, from Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from packager.tracker.core.finding import LINK, Finding
from packager.tracker.core.issue import Issue, Transition
from packager.tracker.core.measuring import measured
from packager.tracker.core.plot import Plot
from packager.tracker.core.texts import MAX_TEXT
from packager.tracker.sources.alertmanager import ReceivedAlert, finding_of
from packager.tracker.sources.plots import drawn
from packager.tracker.sources.prometheus import AlertNumbers, PrometheusClient
from packager.tracker.sources.queries import Kinds, kind_queries
from packager.tracker.store.plots import keep_plot
from packager.tracker.store.writer import Writer


class Enrichment(NamedTuple):
    """The queries about one alert and their results."""

    finding: Finding
    measured: AlertNumbers
    plot: Plot | None
    runbook: str = ""
    action: str = ""


def enrichment_of(
    client: PrometheusClient,
    queries: Mapping[str, Kinds],
    alert: ReceivedAlert,
    now: float,
    *,
    with_plot: bool,
) -> Enrichment | None:
    """Ask about an alert; None if nobody wrote queries of its kind. Raises ``SourceAwayError``."""
    finding = finding_of(alert)
    known = kind_queries(queries, finding.package, alert.labels.get("alertname", ""))
    if known is None:
        return None
    numbers = client.measured(known, alert.labels)
    plot = drawn(client, known, alert.labels, alert.starts_at, now) if with_plot else None
    runbook = known.runbook or ""
    linked = runbook if LINK.fullmatch(runbook) and len(runbook) <= MAX_TEXT else ""
    return Enrichment(finding, numbers, plot, linked, known.action)


def take_enrichment(store: Writer, enrichment: Enrichment, now: float) -> Issue | None:
    """Keep what Prometheus answered; None if the alert is over since, or has no issue."""
    issue = store.issue_of(enrichment.finding.fingerprint)
    if issue is None or enrichment.finding.observation not in issue.active:
        return None
    share, certainty = enrichment.measured
    change = measured(issue, enrichment.finding.observation, share, certainty, now)
    change = Transition(issue=_with_help(change.issue, enrichment), events=change.events)
    if change.issue != issue:
        issue = store.store(issue, change)
    if enrichment.plot is not None:
        keep_plot(store, issue.id, enrichment.plot, now)
    return issue


def _with_help(issue: Issue, enrichment: Enrichment) -> Issue:
    """The issue with what to do, where the alert itself says none."""
    changes: dict[str, object] = {}
    if enrichment.runbook and "runbook" not in issue.links:
        changes["links"] = {**issue.links, "runbook": enrichment.runbook}
    if enrichment.action and not issue.action:
        changes["action"] = enrichment.action
    return issue.with_changes(changes)
