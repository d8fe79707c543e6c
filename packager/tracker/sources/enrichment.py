"""What Prometheus adds to an alert's issue: share, certainty and plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import Issue
from packager.tracker.core.measuring import measured
from packager.tracker.core.plot import Plot
from packager.tracker.sources.alertmanager import Alert, finding_of
from packager.tracker.sources.plots import drawn
from packager.tracker.sources.prometheus import Measured, PrometheusClient
from packager.tracker.sources.queries import Kinds, kind_queries
from packager.tracker.store.plots import keep_plot
from packager.tracker.store.writer import Writer


class Enrichment(NamedTuple):
    """What was asked about one alert."""

    finding: Finding
    measured: Measured
    plot: Plot | None


def enrichment_of(
    client: PrometheusClient,
    queries: Mapping[str, Kinds],
    alert: Alert,
    now: float,
    *,
    with_plot: bool,
) -> Enrichment | None:
    """Ask about an alert; None if nobody wrote queries of its kind. Raises ``AwayError``."""
    finding = finding_of(alert)
    known = kind_queries(queries, finding.package, finding.kind)
    if known is None:
        return None
    numbers = client.measured(known, alert.labels)
    plot = drawn(client, known, alert.labels, alert.starts_at, now) if with_plot else None
    return Enrichment(finding, numbers, plot)


def take_enrichment(store: Writer, found: Enrichment, now: float) -> Issue | None:
    """Keep what Prometheus answered; None if the alert is over since, or has no issue."""
    issue = store.issue_of(found.finding.fingerprint)
    if issue is None or found.finding.observation not in issue.active:
        return None
    share, certainty = found.measured
    change = measured(issue, found.finding.observation, share, certainty, now)
    if change.issue != issue:
        issue = store.store(issue, change)
    if found.plot is not None:
        keep_plot(store, issue.id, found.plot, now)
    return issue
