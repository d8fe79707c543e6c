"""The page of metrics: what the code declares, of every kind of package and of the tracker."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from monitoring.metrics.feedback import FeedbackMetrics
from monitoring.metrics.kept_answers import KeptAnswerMetrics
from monitoring.metrics.member_seconds import MemberSeconds
from monitoring.metrics.members import MeasuredMember, MeasuredMembers
from monitoring.metrics.output_feedback import OutputFeedbackMetrics
from monitoring.metrics.pushes import PushCounts
from monitoring.metrics.reference import HeldOutScore, MeasuredPackage
from monitoring.metrics.registry import CollectorRegistry
from monitoring.metrics.restarts import PROCESSES, RESTARTS
from monitoring.metrics.serving import ServingMetrics
from monitoring.metrics.shadow import ShadowPairMetrics, ShadowRowMetrics
from monitoring.profile.profile import Profile
from monitoring.scoring.measures import OutputForm
from monitoring.scoring.outputs import LabelledOutput
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
from reference_parts.tables import code, page, prose, table

INTRODUCTION = (
    "Every metric of a server and of the issue tracker, as the code declares it. A server's series"
    " have the labels `model` and `version` too. [monitoring.md](../monitoring.md#metrics) says"
    " what each means, when it exists, and how many values a label can have;"
    " [alerts.md](../alerts.md) what is computed from them."
)
HEADS = ("name", "type", "labels", "help")
RESTART_LABELS = ("reason",)


class Declared(NamedTuple):
    """A metric as it is declared."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


class Declarations(CollectorRegistry):
    """A registry that notes what registers itself."""

    def __init__(self, found: dict[str, Declared]) -> None:
        super().__init__()
        self._found = found

    def register(self, collector: Any) -> None:
        """Note the name, the type, the labels and the help of a metric."""
        super().register(collector)
        (metric,) = collector.describe()
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels = tuple(one for one in collector._labelnames if one not in ("model", "version"))
        text = metric.documentation
        if metric.type == "histogram":
            bounds = [bound for bound in collector._upper_bounds if math.isfinite(bound)]
            text += f" Bounds: {', '.join(f'{bound:g}' for bound in bounds)}."
        self._found[name] = Declared(name, metric.type, labels, text)


def metrics_page() -> str:
    """The page."""
    return page(
        "Metrics by name",
        INTRODUCTION,
        "## Of a server",
        table(HEADS, map(row, sorted(server_metrics().values()))),
        "## Of the issue tracker",
        table(HEADS, map(row, sorted(tracker_metrics()))),
    )


def row(one: Declared) -> tuple[str, str, str, str]:
    """A row of the table."""
    return code(one.name), one.kind, " ".join(map(code, one.labels)), prose(one.text)


def server_metrics() -> dict[str, Declared]:
    """The metrics of servers of a classifier, a regression, a model with outputs and a solution."""
    found: dict[str, Declared] = {}
    outputs = (LabelledOutput("a", OutputForm(kind="labels", classes=("x", "y")), None, True),)
    for classes, named in ((("x", "y"), ()), (None, ()), (None, outputs)):
        series = ServingMetrics(measured(classes, named), {}, Declarations(found)).series
        MemberSeconds(series, ["a"], ["own"])
        ShadowRowMetrics(series)
        PushCounts(series)
        if named:
            OutputFeedbackMetrics(series, ["__all__"], named)
            KeptAnswerMetrics(series)
            continue
        FeedbackMetrics(series, ["__all__"], classes)
        ShadowPairMetrics(series, ["__all__"], classes)
    for name, text in RESTARTS.values():
        whole = f"{name}_total"
        found[whole] = Declared(whole, "counter", RESTART_LABELS, text)
    found[PROCESSES] = Declared(PROCESSES, "gauge", ("state",), "Model processes by state.")
    return found


def measured(classes: Any, outputs: Any) -> MeasuredPackage:
    """A package that has every kind of series."""
    return MeasuredPackage(
        model="model",
        version="version",
        digest="digest",
        profile=Profile(rows=0, features=(), left_out=(), embedding="model:embed"),
        slices=["__all__"],
        classes=classes,
        baseline={"__all__": HeldOutScore(0.5, 1, 0.1)},
        outputs=outputs,
        output_baseline={(one.name, "__all__"): HeldOutScore(0.5, 1, 0.1) for one in outputs},
        members=MeasuredMembers([MeasuredMember("a")], (0.0005, 0.0025, 0.01, 0.05, 0.25, 1.0)),
        platform="linux/amd64",
        proved_on="native",
    )


def tracker_metrics() -> Iterator[Declared]:
    """The metrics of the issue tracker, read from an exposition."""
    health = SourceHealth(None, None, "")
    counters = ServiceCounters(0.0)
    counters.deliveries["alertmanager", "opened"] += 1
    counters.rejected["not_found"] += 1
    numbers = ServiceNumbers([Tally("a", "open", 1, 1)], [(1, 0.0)], health, health)
    lines = [
        *issue_lines(numbers, 1.0),
        *counter_lines(counters),
        *reconcile_lines(health, counters, 1.0),
        *prometheus_lines(health, counters),
    ]
    text = "\n".join(lines)
    for name, said in re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE):
        (kind,) = re.findall(rf"^# TYPE {name} (\S+)$", text, re.MULTILINE)
        sample = re.search(rf"^{name}(?:{{(.*)}})? ", text, re.MULTILINE)
        labels = re.findall(r'(\w+)="', sample[1] or "") if sample else []
        yield Declared(name, kind, tuple(labels), said)
