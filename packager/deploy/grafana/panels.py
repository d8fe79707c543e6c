"""The panels of a model's dashboard from top to bottom, with their queries.

Queries use the recorded series of ``recording.py``; ``$model``, ``$version`` and ``$feature`` are
the dashboard's variables. Tables have one label each, so that their columns can be joined.
"""

from __future__ import annotations

from monitoring.metrics.restarts import PROCESSES, RESTARTS
from packager.deploy.grafana.label_panels import label_panels
from packager.deploy.grafana.member_panels import member_panels
from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.shadow_panels import shadow_panels
from packager.deploy.prometheus import recording
from packager.deploy.prometheus.promql import MODEL
from packager.deploy.prometheus.promql import bucket as bucket_of
from packager.deploy.prometheus.recording import ROUTES, burn_name, drift_name
from packager.deploy.prometheus.rules import MonitoredModel, Objectives

BUDGET_DAYS = "30d"


def rows(model: MonitoredModel) -> list[tuple[str, list[Panel]]]:
    """The dashboard from top to bottom: a heading and its panels."""
    return [
        ("Requests", _requests(model.objectives)),
        ("Drift", _drift()),
        ("Data and predictions", _data()),
        *([("Members", member_panels())] if model.members else []),
        ("Accuracy from labels", label_panels(model)),
        ("Champion and challenger", shadow_panels(model)),
        ("Alerts", _alerts()),
    ]


def _requests(objectives: Objectives) -> list[Panel]:
    return [*_traffic(), *_objectives(objectives), *_work()]


def _traffic() -> list[Panel]:
    """Replicas, requests and latency."""
    seconds = f"model_request_duration_seconds_bucket{{{SELECTED}, {ROUTES}}}[5m]"
    requests = f"model_request_duration_seconds_count{{{SELECTED}}}[5m]"
    rows = f"model_slice_predictions_total{{{SELECTED}, {recording.EVERY_ROW}}}[1h]"
    return [
        Panel(
            "Replicas, and rows of the last hour",
            "stat",
            [
                Query(f"count(model_package_info{{{SELECTED}}}) or vector(0)", "replicas"),
                Query(f"round(sum(increase({rows}))) or vector(0)", "rows"),
            ],
            "If either is 0, the panels below have no data.",
            width=24,
            height=4,
            steps={1: "green"},
            base="red",
        ),
        Panel(
            "Requests and errors",
            "timeseries",
            [Query(f"sum by (route, code) (rate({requests}))", "{{route}} {{code}}")],
            "Responses a second by route and class of status code.",
            "reqps",
        ),
        Panel(
            "Latency",
            "timeseries",
            [
                Query(f"histogram_quantile({share}, sum by (le) (rate({seconds})))", f"p{percent}")
                for share, percent in ((0.5, 50), (0.95, 95), (0.99, 99))
            ],
            "Time to answer a prediction, interpolated between the histogram's bounds.",
            "s",
        ),
    ]


def _objectives(objectives: Objectives) -> list[Panel]:
    """The remaining error budget, and its burn rate."""
    return [
        Panel(
            "Error budget remaining",
            "stat",
            [
                Query(_remaining("slow", objectives.latency_share, objectives), "speed"),
                Query(_remaining("failed", objectives.success_share, objectives), "success"),
            ],
            f"Of {BUDGET_DAYS}: {objectives.latency_share:g} of answers within"
            f" {objectives.latency_seconds:g} s, {objectives.success_share:g} of requests not"
            " failed. Below 0 the objective is missed.",
            "percentunit",
        ),
        Panel(
            "Burn rate",
            "timeseries",
            [
                Query(f"{burn_name(kind, 'ratio', '1h')}{{{SELECTED}}} / {1 - share:.6g}", kind)
                for kind, share in (
                    ("slow", objectives.latency_share),
                    ("failed", objectives.success_share),
                )
            ],
            "Bad requests of the last hour over what the objective allows: 1 spends the budget in"
            " 30 days, 14.4 pages.",
        ),
    ]


def _work() -> list[Panel]:
    """The time of each stage, and the form of the model that answers."""
    stages = f"{{{SELECTED}}}[5m]"
    return [
        Panel(
            "Time by stage",
            "timeseries",
            [
                Query(
                    f"sum by (stage) (rate(model_stage_duration_seconds_sum{stages}))"
                    f" / sum by (stage) (rate(model_stage_duration_seconds_count{stages}) > 0)",
                    "{{stage}}",
                )
            ],
            "Mean seconds a request spends in each stage.",
            "s",
        ),
        Panel(
            "Compiled share and mismatches",
            "timeseries",
            [
                Query(
                    f'sum (rate(model_rows_total{{{SELECTED}, form="compiled"}}[5m]))'
                    f" / (sum (rate(model_rows_total{{{SELECTED}}}[5m])) > 0)",
                    "rows predicted by the compiled form",
                ),
                Query(
                    f"sum (increase({recording.COMPARISONS}"
                    f"{{{SELECTED}, {recording.MISMATCH}}}[1h]))",
                    "mismatches in an hour",
                ),
            ],
            "Rows outside the compiled form's domain are predicted by the model. A mismatch is a"
            " bug.",
        ),
        _processes(),
    ]


def _processes() -> Panel:
    """Processes of the model and of the server."""
    ended = f"{{{SELECTED}}}[15m]"
    queries = [
        Query(f"sum by (state) ({PROCESSES}{{{SELECTED}}})", "model processes: {{state}}"),
        *(
            Query(f"sum by (reason) (increase({name}_total{ended})) > 0", f"{what}: {{{{reason}}}}")
            for (name, _), what in zip(
                (RESTARTS["process"], RESTARTS["worker"]),
                ("model processes that ended", "workers that ended"),
                strict=True,
            )
        ),
    ]
    return Panel(
        "Processes",
        "timeseries",
        queries,
        "Model processes by state, and processes that ended in 15 minutes, by reason. Ended ones"
        " are started again; the log names the likely cause.",
        width=24,
    )


def _remaining(kind: str, share: float, objectives: Objectives) -> str:
    count = f"model_request_duration_seconds_count{{{SELECTED}, {ROUTES}"
    total = f'sum by ({MODEL}) (increase({count}, code=~"2xx|5xx"}}[{BUDGET_DAYS}]))'
    bad = f'sum by ({MODEL}) (increase({count}, code="5xx"}}[{BUDGET_DAYS}]))'
    if kind == "slow":
        within = bucket_of(objectives.latency_seconds)
        total = f'sum by ({MODEL}) (increase({count}, code="2xx"}}[{BUDGET_DAYS}]))'
        bucket = f"model_request_duration_seconds_bucket{{{SELECTED}, {ROUTES}"
        quick = f'increase({bucket}, code="2xx", {within}}}[{BUDGET_DAYS}])'
        bad = f"({total} - sum by ({MODEL}) ({quick}))"
    return f"1 - {bad} / ({total} > 0) / {1 - share:.6g}"


def _drift() -> list[Panel]:
    def of(what: str, window: str = "1d") -> str:
        return f"{drift_name(what, window)}{{{SELECTED}}}"

    def counted(what: str, window: str = "1d") -> str:
        """Only where there are rows: without rows, every distance is 0."""
        return f"{of(what, window)} and {of('rows', window)} > 0"

    return [
        Panel(
            "PSI by feature, last hour",
            "status-history",
            [Query(counted("psi", "1h"), "{{feature}}")],
            "0 is as in training, a gap is no rows; 0.2 is a normal feature that moved by 0.45"
            " standard deviations. On few rows chance alone gives large values: see z below.",
            width=24,
            height=10,
            steps={0.1: "yellow", 0.2: "orange", 0.5: "red"},
        ),
        Panel(
            "Drift in the last day",
            "table",
            [
                Query(f"max by (feature) ({query})", legend)
                for query, legend in (
                    (counted("psi"), "PSI"),
                    (of("z"), "z"),
                    (of("rows"), "rows"),
                    (counted("js"), "JS (bits)"),
                )
            ],
            "An alert needs PSI above 0.2 (effect), z above 4.5 (significance) and 500 rows.",
        ),
        Panel(
            "Live and reference: $feature",
            "barchart",
            [
                Query(f'max by (bin) ({name}{{{SELECTED}, feature="$feature"}})', legend)
                for name, legend in (
                    (drift_name("ratio", "1d"), "live, last day"),
                    (recording.REFERENCE_RATIO, "reference"),
                )
            ],
            "Share of rows in each bin of one feature.",
            "percentunit",
        ),
    ]


def _data() -> list[Panel]:
    return [
        Panel(
            "Anomalies",
            "timeseries",
            [Query(f"{recording.ANOMALY_RATIO}{{{SELECTED}}} > 0", "{{feature}} {{kind}}")],
            "Share of rows of the last hour with a missing, unseen or out-of-range value.",
            "percentunit",
        ),
        Panel(
            "Anomalies above the reference",
            "table",
            [
                Query(f"max by (feature, kind) ({name}{{{SELECTED}}})", legend)
                for name, legend in (
                    (recording.ANOMALY_RATIO, "share"),
                    (recording.ANOMALY_REFERENCE, "when packaged"),
                    (recording.ANOMALY_Z, "z"),
                )
            ],
            "An alert needs 0.02 more than when packaged, z above 4.5 and 100 rows. When packaged:"
            " missing values of the training rows, all others of the held-out rows.",
        ),
        Panel(
            "Prediction mix",
            "timeseries",
            [
                Query(
                    f"sum by (predicted) (rate(model_predictions_total{{{SELECTED}}}[5m]))"
                    f" / ignoring (predicted) group_left ()"
                    f" (sum (rate(model_predictions_total{{{SELECTED}}}[5m])) > 0)",
                    "{{predicted}}",
                )
            ],
            "Share of each predicted class.",
            "percentunit",
        ),
        Panel(
            "Rows by slice",
            "timeseries",
            [
                Query(
                    f"sum by (slice) (rate(model_slice_predictions_total{{{SELECTED}}}[5m]))",
                    "{{slice}}",
                )
            ],
            "Rows a second in each slice; slices overlap, so don't sum them.",
            "rowsps",
        ),
    ]


def _alerts() -> list[Panel]:
    return [
        Panel(
            "Open alerts",
            "table",
            [Query('ALERTS{model="$model", alertstate="firing"}', "alert")],
            "docs/alerts.md says what each means and what to do. The absence of alerts has a"
            " meaning only while there are replicas and rows: see the top.",
            width=24,
        )
    ]
