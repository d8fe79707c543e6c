"""One model's Prometheus rules, as plain data.

``recording.py`` defines the recorded series, ``alerts.py`` the alerts, ``rule_tests.py`` the unit
tests that show each alert firing and not firing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from monitoring.metrics.latency import LATENCY_BUCKETS

ADDRESS = re.compile(r"https?://[^\s#?\"'<>{}\\]+")
"""Annotations are templates, and addresses get a query or a fragment."""
VALUE = "{{ $value | humanize }}"
"""Of the alert's expression: its first part, such as the PSI or the share of failed requests."""
Severity = Literal["page", "ticket", "info"]


@dataclass(frozen=True)
class Objectives:
    """Service level objectives over 30 days, and known properties of the traffic."""

    latency_seconds: float = 0.25
    """One of ``LATENCY_BUCKETS``, the bounds of the latency histogram."""
    latency_share: float = 0.99
    """Share of successful answers within ``latency_seconds``."""
    success_share: float = 0.999
    """Share of requests not failed by the server (5xx)."""
    design_effect: float = 1.0
    """Number of dependent rows equivalent to one independent row, at least 1."""
    label_coverage: float = 0.05
    """Expected share of predictions that get a true label, if there are any labels."""

    def __post_init__(self) -> None:
        expected = {
            "latency_seconds": (
                self.latency_seconds in LATENCY_BUCKETS,
                f"one of {LATENCY_BUCKETS}",
            ),
            "latency_share": (0 < self.latency_share < 1, "a share between 0 and 1"),
            "success_share": (0 < self.success_share < 1, "a share between 0 and 1"),
            "design_effect": (1 <= self.design_effect < 1e6, "a number of at least 1"),
            "label_coverage": (0 <= self.label_coverage < 1, "a share of at least 0, below 1"),
        }
        for name, (good, what) in expected.items():
            if not good:
                raise ValueError(f"{name}: expected {what}, got {getattr(self, name)}")


TIME_SCALES = tuple(n for n in range(1, 61) if 60 % n == 0)


@dataclass(frozen=True)
class AlertOptions:
    """Options of alerts: links and time scale."""

    runbooks: str = ""
    """Address of the page that docs/alerts.md became; without it alerts have no ``runbook_url``."""
    grafana: str = "http://127.0.0.1:3100"
    """Address of Grafana as people reach it."""
    time_scale: int = 1
    """By what windows and ``for`` are divided: one of ``TIME_SCALES``."""
    pushed: bool = False
    """Whether replicas push their metrics; else Prometheus scrapes them, and knows which answer."""
    tracker: str = ""
    """Address of the issue tracker as people reach it; without it dashboards don't link to it."""

    def __post_init__(self) -> None:
        for name in ("runbooks", "grafana", "tracker"):
            text = getattr(self, name)
            if text and not ADDRESS.fullmatch(text):
                raise ValueError(
                    f"{name}: expected an address with http:// or https://, got {text!r}"
                )
        if self.time_scale not in TIME_SCALES:
            known = ", ".join(map(str, TIME_SCALES))
            raise ValueError(f"time-scale: expected one of {known}, got {self.time_scale}")


@dataclass(frozen=True)
class MonitoredModel:
    """The properties of one model that monitoring uses."""

    name: str
    version: str
    """The value of the label ``version``: ``1.0.0-3f9c12ab45de``."""
    task: Literal["classification", "regression", "outputs"]
    slices: tuple[str, ...]
    """Slice names, ``__all__`` first."""
    features: tuple[str, ...]
    """Features with a reference, including pseudo-features."""
    objectives: Objectives = Objectives()
    outputs: tuple[tuple[str, str], ...] = ()
    """With ``[outputs]``: the outputs that have a baseline, and the measure it is of."""
    options: AlertOptions = AlertOptions()
    members: tuple[str, ...] = ()
    """Of a solution."""

    @property
    def classified(self) -> bool:
        """Whether the model is a classifier."""
        return self.task == "classification"


@dataclass(frozen=True)
class Record:
    """A recorded series, computed from others."""

    name: str
    expression: str

    def document(self) -> dict[str, Any]:
        """The YAML form that Prometheus reads."""
        return {"record": self.name, "expr": self.expression}


@dataclass(frozen=True)
class Alert:
    """A condition, how long it must hold, and a summary and action for the user."""

    name: str
    expression: str
    holds: str
    severity: Severity
    priority: int
    """1 (now) to 4 (when there is time)."""
    summary: str
    action: str
    labels: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Annotations with addresses."""

    def document(self) -> dict[str, Any]:
        """The YAML form that Prometheus reads."""
        labels = {"severity": self.severity, "priority": str(self.priority), **dict(self.labels)}
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.holds,
            "labels": labels,
            "annotations": self.annotations,
        }

    @property
    def annotations(self) -> dict[str, str]:
        """Annotation texts; ``{{ $labels.x }}`` is replaced by a label."""
        texts = {"summary": self.summary, "action": self.action, "value": VALUE}
        return texts | dict(self.links)


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated in sequence."""

    name: str
    interval: str
    rules: Sequence[Record | Alert]

    def document(self) -> dict[str, Any]:
        """The YAML form that Prometheus reads."""
        rules = [rule.document() for rule in self.rules]
        return {"name": self.name, "interval": self.interval, "rules": rules}


def rules_document(groups: Sequence[Group]) -> dict[str, Any]:
    """The content of a rule file."""
    return {"groups": [group.document() for group in groups]}
