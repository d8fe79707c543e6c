"""The lines of ``/metrics``, in Prometheus's text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from packager.tracker.core.issue import ACTIVE
from packager.tracker.service.counters import ServiceCounters
from packager.tracker.sources.source_health import SourceHealth
from packager.tracker.store.reader import Tally

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


class ServiceNumbers(NamedTuple):
    """Counts from the store."""

    tallies: Sequence[Tally]
    oldest: Sequence[tuple[int, float]]
    """Band, and when its oldest open issue opened."""
    alertmanager: SourceHealth
    prometheus: SourceHealth


def issue_lines(numbers: ServiceNumbers, now: float) -> list[str]:
    """Numbers and ages of issues."""
    opened: Counter[tuple[str, int]] = Counter()
    for one in numbers.tallies:
        if one.state in ACTIVE:
            opened[one.package, one.band] += one.n
    every = [
        ({"package": one.package, "state": one.state, "band": f"P{one.band}"}, one.n)
        for one in numbers.tallies
    ]
    active = [({"package": name, "band": f"P{band}"}, n) for (name, band), n in opened.items()]
    ages = [({"band": f"P{band}"}, max(0.0, now - at)) for band, at in numbers.oldest]
    return [
        *_family("issues", "gauge", "Issues by package, state and band.", every),
        *_family("issues_open", "gauge", "Issues that are open or acknowledged.", active),
        *_family("issues_oldest_open_seconds", "gauge", "Age of the oldest open issue.", ages),
    ]


def counter_lines(counters: ServiceCounters) -> list[str]:
    """Numbers of messages since the process started."""
    came = [
        ({"source": source, "result": result}, n)
        for (source, result), n in sorted(counters.deliveries.items())
    ]
    refused = [({"code": code}, n) for code, n in sorted(counters.rejected.items())]
    return [
        *_family("issues_deliveries_total", "counter", "Findings that came.", came),
        *_family("issues_requests_rejected_total", "counter", "Requests refused.", refused),
    ]


def reconcile_lines(health: SourceHealth, counters: ServiceCounters, now: float) -> list[str]:
    """Whether issues and Alertmanager are compared; before the first time, since the start."""
    age = now - (counters.started_at if health.done_at is None else health.done_at)
    failing = 0.0 if health.failed_since is None else max(0.0, now - health.failed_since)
    return [
        *_family("issues_reconcile_age_seconds", "gauge",
                 "Since issues and Alertmanager were last compared.", [({}, max(0.0, age))]),
        *_family("issues_reconcile_failing_seconds", "gauge",
                 "For how long that fails; 0 while it works.", [({}, failing)]),
        *_family("issues_reconcile_failures_total", "counter", "Comparisons that failed.",
                 [({}, counters.failures["alertmanager"])]),
    ]  # fmt: skip


def prometheus_lines(health: SourceHealth, counters: ServiceCounters) -> list[str]:
    """Whether Prometheus answers."""
    up = 1 if health.failed_since is None else 0
    return [
        *_family("issues_prometheus_up", "gauge", "Whether Prometheus answers.", [({}, up)]),
        *_family("issues_prometheus_failures_total", "counter", "Questions without an answer.",
                 [({}, counters.failures["prometheus"])]),
    ]  # fmt: skip


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[Labels, float]]) -> list[str]:
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(one)}"' for label, one in labels.items())
        lines.append(f"{name}{{{inner}}} {value}" if inner else f"{name} {value}")
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
