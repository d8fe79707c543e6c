"""Tables of a server's totals since its start, one for each panel that they can answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from monitoring.slices.slices import ALL
from packager.deploy.grafana.panel import Query
from packager.deploy.grafana.units import COUNT, MEASURE, SECONDS, SHARE, Z
from packager.deploy.grafana.views import model_view
from packager.deploy.prometheus.rules import MonitoredModel
from packager.replicas.counters import CounterTotals
from packager.replicas.drift import DriftReport
from packager.replicas.metric_names import DRIFT_NAMES, MetricNames

_DURATION = "model_request_duration_seconds"
_STAGE = "model_stage_duration_seconds"
NAMES = MetricNames(
    {
        **DRIFT_NAMES.counters,
        f"{_DURATION}_count": ("route", "code"),
        f"{_DURATION}_bucket": ("route", "code", "le"),
        f"{_STAGE}_sum": ("stage",),
        f"{_STAGE}_count": ("stage",),
        "model_predictions_total": ("predicted",),
        "model_rows_total": ("form",),
        "model_feedback_rejected_total": ("reason",),
    },
    {**DRIFT_NAMES.gauges, "model_processes": ("state",)},
)
_TASKS: tuple[Literal["classification", "regression"], ...] = ("classification", "regression")
Cells = dict[tuple[str, ...], Sequence[float | None]]
"""Values of labels → a value for each column."""


@dataclass(frozen=True)
class Totals:
    """The counters of a server, what they say of drift, and the feature whose bins are shown."""

    counted: CounterTotals
    report: DriftReport
    feature: str

    def of(self, name: str) -> Mapping[tuple[str, ...], float]:
        """Values of labels → total."""
        return self.counted.of(name)


@dataclass(frozen=True)
class PanelTable:
    """A table: names of labels, columns, and their values."""

    labels: Sequence[str]
    columns: Sequence[Query]
    cells: Cells


def _requests(totals: Totals) -> PanelTable:
    counts = totals.of(f"{_DURATION}_count")
    cells: Cells = {key: [count] for key, count in counts.items()}
    return PanelTable(("route", "code"), [Query("", "requests", COUNT)], cells)


def _latency(totals: Totals) -> PanelTable:
    """Quantiles as Prometheus interpolates them, by route, of successful answers."""
    buckets: dict[str, dict[float, float]] = {}
    for (route, code, bound), count in totals.of(f"{_DURATION}_bucket").items():
        if code == "2xx" and count:
            route_buckets = buckets.setdefault(route, {})
            route_buckets[float(bound)] = route_buckets.get(float(bound), 0.0) + count
    cells: Cells = {
        (route,): [quantile(share, histogram) for share in (0.5, 0.95, 0.99)]
        for route, histogram in buckets.items()
    }
    return PanelTable(("route",), [Query("", f"p{n}", SECONDS) for n in (50, 95, 99)], cells)


def quantile(share: float, buckets: Mapping[float, float]) -> float:
    """``histogram_quantile`` of cumulative counts by upper bound; NaN without a count."""
    every = sorted(buckets.items())
    total = every[-1][1] if every else 0.0
    if not total:
        return math.nan
    low = below = 0.0
    for bound, count in every:
        if count >= share * total:
            if math.isinf(bound):
                return low
            return low + (bound - low) * (share * total - below) / (count - below)
        low, below = bound, count
    return low


def _stages(totals: Totals) -> PanelTable:
    counts = totals.of(f"{_STAGE}_count")
    sums = totals.of(f"{_STAGE}_sum")
    cells: Cells = {key: [sums.get(key, 0.0) / count] for key, count in counts.items() if count}
    return PanelTable(("stage",), [Query("", "mean", SECONDS)], cells)


def _shares(name: str, label: str) -> Callable[[Totals], PanelTable]:
    def make(totals: Totals) -> PanelTable:
        counts = totals.of(name)
        total = sum(counts.values())
        cells: Cells = {key: [count, count / total] for key, count in counts.items() if total}
        return PanelTable((label,), [Query("", "rows", COUNT), Query("", "share", SHARE)], cells)

    return make


def _processes(totals: Totals) -> PanelTable:
    cells: Cells = {key: [count] for key, count in totals.of("model_processes").items()}
    return PanelTable(("state",), [Query("", "model processes", COUNT)], cells)


def _drift(totals: Totals) -> PanelTable:
    columns = _columns("Drift in the last day")
    cells: Cells = {
        (feature.name,): [
            feature.measured.psi if feature.measured.rows else None,
            feature.measured.z,
            feature.measured.rows,
            feature.measured.js if feature.measured.rows else None,
        ]
        for feature in totals.report.features
    }
    return PanelTable(("feature",), columns, cells)


def _bins(totals: Totals) -> PanelTable:
    drift = next(
        (feature for feature in totals.report.features if feature.name == totals.feature), None
    )
    cells: Cells = {}
    for one in drift.bins if drift else ():
        live = sum(b.live for b in drift.bins) if drift else 0
        reference = sum(b.reference for b in drift.bins) if drift else 0
        cells[(one.name,)] = [
            one.live / live if live else None,
            one.reference / reference if reference else None,
        ]
    return PanelTable(("bin",), [Query("", "live"), Query("", "reference")], cells)


def _anomalies(totals: Totals) -> PanelTable:
    cells: Cells = {
        (anomaly.feature, anomaly.kind): [anomaly.ratio, anomaly.reference, anomaly.z]
        for anomaly in totals.report.anomalies
    }
    return PanelTable(("feature", "kind"), _columns("Anomalies above the reference"), cells)


def _slices(totals: Totals) -> PanelTable:
    regression = totals.report.regression
    title = "Mean absolute error by slice" if regression else "Accuracy by slice"
    cells: Cells = {
        (slice_.name,): [
            slice_.score,
            slice_.low,
            slice_.high,
            slice_.baseline,
            slice_.z,
            slice_.labels,
        ]
        for slice_ in totals.report.slices
        if slice_.labels
    }
    return PanelTable(("slice",), _columns(title), cells)


def _measures(totals: Totals) -> PanelTable:
    cells: Cells = {
        (slice_.output or "", slice_.measure or "", slice_.name): [
            slice_.score,
            slice_.baseline,
            slice_.z,
            slice_.labels,
        ]
        for slice_ in totals.report.slices
        if slice_.labels
    }
    columns = [Query("", "mean", MEASURE), Query("", "baseline", MEASURE), Query("", "z", Z)]
    labels = ("output", "measure", "slice")
    return PanelTable(labels, [*columns, Query("", "labels", COUNT)], cells)


def _coverage(totals: Totals) -> PanelTable:
    cells: Cells = {
        (slice_.name,): [slice_.labels / slice_.rows, slice_.labels, slice_.rows]
        for slice_ in totals.report.slices
        if slice_.rows and slice_.output is None
    }
    columns = [Query("", "labels of rows", SHARE), Query("", "labels", COUNT)]
    return PanelTable(("slice",), [*columns, Query("", "rows", COUNT)], cells)


def _rejected(totals: Totals) -> PanelTable:
    cells: Cells = {
        key: [count] for key, count in totals.of("model_feedback_rejected_total").items()
    }
    every = sum(
        count for (name, _), count in totals.of("model_feedback_total").items() if name == ALL
    )
    return PanelTable(("reason",), [Query("", "labels", COUNT)], {("counted",): [every], **cells})


MAKERS: Mapping[str, Callable[[Totals], PanelTable]] = {
    "Requests and errors": _requests,
    "Latency": _latency,
    "Time by stage": _stages,
    "Rows predicted by the compiled form": _shares("model_rows_total", "form"),
    "Processes": _processes,
    "Drift in the last day": _drift,
    "Live and reference": _bins,
    "Anomalies above the reference": _anomalies,
    "Prediction mix": _shares("model_predictions_total", "predicted"),
    "Rows by slice": _shares("model_slice_predictions_total", "slice"),
    "Accuracy by slice": _slices,
    "Mean absolute error by slice": _slices,
    "Measures of each output": _measures,
    "Label coverage by slice": _coverage,
    "Labels counted, skipped and refused": _rejected,
}
"""Beginning of a panel's title → its table from totals."""


def _columns(start: str) -> Sequence[Query]:
    """The columns of a panel of the views, with their units and steps."""
    models = [MonitoredModel("", "", task, (), ()) for task in _TASKS]
    panels = (panel for model in models for panel in model_view(model).panels)
    return next(panel.queries for panel in panels if panel.title.startswith(start))
