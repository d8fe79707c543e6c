"""The panels of a model's dashboard from top to bottom, with their queries.

Queries use the recorded series of ``recording.py``; ``$model``, ``$version`` and ``$feature`` are
the dashboard's variables. Every series keeps ``version``, so that a roll-out shows both versions
side by side. The queries of a table have the same labels, so that their columns can be joined.
"""

from __future__ import annotations

from monitoring.stats.drift import MIN_ANOMALY_Z
from packager.deploy.grafana.drift_panels import drift_panels
from packager.deploy.grafana.label_panels import label_panels
from packager.deploy.grafana.member_panels import member_panels
from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.request_panels import request_panels
from packager.deploy.grafana.shadow_panels import shadow_panels
from packager.deploy.grafana.units import ROWS_A_SECOND, SHARE, Z
from packager.deploy.prometheus import recording
from packager.deploy.prometheus.rules import MonitoredModel

ALERT_LABELS = "alertname, severity, version, feature, kind, slice, output, measure, member"


def rows(model: MonitoredModel) -> list[tuple[str, list[Panel]]]:
    """The dashboard from top to bottom: a heading and its panels."""
    return [
        ("Requests", request_panels(model.objectives)),
        ("Drift", drift_panels()),
        ("Data and predictions", _data()),
        *([("Members", member_panels())] if model.members else []),
        ("Accuracy from labels", label_panels(model)),
        ("Champion and challenger", shadow_panels(model)),
        ("Alerts", [open_alerts(SELECTED)]),
    ]


def _data() -> list[Panel]:
    return [*_anomalies(), *_predictions()]


def _anomalies() -> list[Panel]:
    return [
        Panel(
            "Anomalies",
            "timeseries",
            [
                Query(
                    f"{recording.ANOMALY_RATIO}{{{SELECTED}}} > 0",
                    "{{version}} {{feature}} {{kind}}",
                )
            ],
            "Share of rows of the last hour with a missing, unseen or out-of-range value.",
            SHARE,
            alerts=("AnomalyRate",),
        ),
        Panel(
            "Anomalies above the reference",
            "table",
            [
                Query(_anomaly(recording.ANOMALY_RATIO), "share", SHARE),
                Query(_anomaly(recording.ANOMALY_REFERENCE), "when packaged", SHARE),
                Query(_anomaly(recording.ANOMALY_Z), "z", Z, {MIN_ANOMALY_Z: "red"}),
            ],
            "An alert needs 0.02 more than when packaged, z above 4.5 and 100 rows. When packaged:"
            " missing values of the training rows, all others of the held-out rows.",
            SHARE,
            alerts=("AnomalyRate",),
        ),
    ]


def _anomaly(name: str) -> str:
    return f"max by (version, feature, kind) ({name}{{{SELECTED}}})"


def _predictions() -> list[Panel]:
    predicted = f"rate(model_predictions_total{{{SELECTED}}}[5m])"
    in_slices = f"rate(model_slice_predictions_total{{{SELECTED}}}[5m])"
    return [
        Panel(
            "Prediction mix",
            "timeseries",
            [
                Query(
                    f"sum by (version, predicted) ({predicted})"
                    f" / on (version) group_left () (sum by (version) ({predicted}) > 0)",
                    "{{version}} {{predicted}}",
                )
            ],
            "Share of each predicted class.",
            SHARE,
        ),
        Panel(
            "Rows by slice",
            "timeseries",
            [Query(f"sum by (version, slice) ({in_slices})", "{{version}} {{slice}}")],
            "Rows a second in each slice; slices overlap, so don't sum them.",
            ROWS_A_SECOND,
        ),
    ]


def open_alerts(selected: str, by: str = ALERT_LABELS) -> Panel:
    """The alerts that fire now, a line for each."""
    firing = f'ALERTS{{{selected}, alertstate="firing"}}'
    return Panel(
        "Open alerts",
        "table",
        [Query(f"max by ({by}) ({firing})")],
        "docs/alerts.md says what each means and what to do. The absence of alerts has a"
        " meaning only while there are replicas and rows: see the top.",
        width=24,
    )
