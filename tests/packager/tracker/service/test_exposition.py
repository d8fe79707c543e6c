"""``/metrics`` in Prometheus's text format."""

from __future__ import annotations

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families
from tracked import T0

from packager.tracker.service.counters import ServiceCounters
from packager.tracker.service.exposition import (
    ServiceNumbers,
    counter_lines,
    issue_lines,
    prometheus_lines,
    reconcile_lines,
)
from packager.tracker.sources.source_health import SourceHealth
from packager.tracker.store.reader import Tally

NEVER = SourceHealth(None, None, "")


def samples(lines: list[str]) -> dict[tuple[str, ...], float]:
    found = {}
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for one in family.samples:
            found[one.name, *one.labels.values()] = one.value
    return found


def test_open_issues_and_the_oldest_by_band() -> None:
    hostile = 'a"b\\c\nd'
    tallies = [
        Tally("shop", "open", 1, 2),
        Tally("shop", "acknowledged", 1, 3),
        Tally("shop", "resolved", 1, 50),
        Tally(hostile, "open", 4, 1),
    ]
    found = samples(issue_lines(ServiceNumbers(tallies, [(1, T0 - 60)], NEVER, NEVER), T0))
    assert found["issues_open", "shop", "P1"] == 5
    assert found["issues_open", hostile, "P4"] == 1
    assert found["issues", "shop", "resolved", "P1"] == 50
    assert found["issues_oldest_open_seconds", "P1"] == 60


def test_messages_and_refusals() -> None:
    counters = ServiceCounters(T0, Counter({("alertmanager", "new"): 2}), Counter({"malformed": 3}))
    found = samples(counter_lines(counters))
    assert found["issues_deliveries_total", "alertmanager", "new"] == 2
    assert found["issues_requests_rejected_total", "malformed"] == 3


def test_the_age_of_the_last_comparison_counts_from_the_start_before_the_first() -> None:
    counters = ServiceCounters(T0, failures=Counter({"alertmanager": 4, "prometheus": 1}))
    found = samples(reconcile_lines(NEVER, counters, T0 + 90))
    assert found["issues_reconcile_age_seconds",] == 90
    assert found["issues_reconcile_failing_seconds",] == 0
    assert found["issues_reconcile_failures_total",] == 4
    failing = SourceHealth(T0 + 30, T0 + 60, "away")
    found = samples(reconcile_lines(failing, counters, T0 + 90))
    assert found["issues_reconcile_age_seconds",] == 60
    assert found["issues_reconcile_failing_seconds",] == 30
    up = samples(prometheus_lines(NEVER, counters))
    assert up["issues_prometheus_up",] == 1
    assert samples(prometheus_lines(failing, counters))["issues_prometheus_up",] == 0
    assert up["issues_prometheus_failures_total",] == 1
