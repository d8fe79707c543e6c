"""The panels about requests: traffic, objectives, and where the time goes."""

from __future__ import annotations

from monitoring.metrics.restarts import PROCESSES, RESTARTS
from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.units import COUNT, REQUESTS, SECONDS, SHARE, TIMES
from packager.deploy.prometheus import recording
from packager.deploy.prometheus.promql import MODEL
from packager.deploy.prometheus.promql import bucket as bucket_of
from packager.deploy.prometheus.recording import ROUTES, burn_name
from packager.deploy.prometheus.rules import Objectives

BUDGET_DAYS = "30d"
BURN_PAGES = 14.4
"""Times the allowed rate at which the alert pages."""


def request_panels(objectives: Objectives) -> list[Panel]:
    """From the number of replicas to the processes in them."""
    return [*_traffic(), *_objectives(objectives), *_work(), _processes()]


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
            "Of the selected versions together. If either is 0, the panels below have no data.",
            COUNT,
            width=24,
            height=4,
            steps={1: "green"},
            base="red",
        ),
        Panel(
            "Requests and errors",
            "timeseries",
            [
                Query(
                    f"sum by (version, route, code) (rate({requests}))",
                    "{{version}} {{route}} {{code}}",
                )
            ],
            "Responses a second by route and class of status code.",
            REQUESTS,
        ),
        Panel(
            "Latency",
            "timeseries",
            [
                Query(
                    f"histogram_quantile({share}, sum by (version, le) (rate({seconds})))",
                    f"{{{{version}}}} p{percent}",
                )
                for share, percent in ((0.5, 50), (0.95, 95), (0.99, 99))
            ],
            "Time to answer a prediction, interpolated between the histogram's bounds.",
            SECONDS,
            alerts=("RequestsSlow",),
        ),
    ]


def _objectives(objectives: Objectives) -> list[Panel]:
    """The remaining error budget, and its burn rate."""
    kinds = (
        ("slow", "speed", objectives.latency_share),
        ("failed", "success", objectives.success_share),
    )
    return [
        Panel(
            "Error budget remaining",
            "stat",
            [
                Query(_remaining(kind, share, objectives), f"{{{{version}}}} {name}")
                for kind, name, share in kinds
            ],
            f"Of {BUDGET_DAYS}: {objectives.latency_share:g} of answers within"
            f" {objectives.latency_seconds:g} s, {objectives.success_share:g} of requests not"
            " failed. Below 0 the objective is missed.",
            SHARE,
            steps={0: "orange", 0.25: "green"},
            base="red",
            alerts=("RequestsSlow", "RequestsFailed"),
        ),
        Panel(
            "Burn rate",
            "timeseries",
            [
                Query(
                    f"{burn_name(kind, 'ratio', '1h')}{{{SELECTED}}} / {1 - share:.6g}",
                    f"{{{{version}}}} {kind}",
                )
                for kind, _, share in kinds
            ],
            "Bad requests of the last hour over what the objective allows: 1 spends the budget in"
            " 30 days, 14.4 pages.",
            TIMES,
            steps={1: "orange", BURN_PAGES: "red"},
            alerts=("RequestsSlow", "RequestsFailed"),
        ),
    ]


def _work() -> list[Panel]:
    """The time of each stage, and the form of the model that answers."""
    stages = f"{{{SELECTED}}}[5m]"
    rows = f"model_rows_total{{{SELECTED}"
    by_stage = "sum by (version, stage)"
    return [
        Panel(
            "Time by stage",
            "timeseries",
            [
                Query(
                    f"{by_stage} (rate(model_stage_duration_seconds_sum{stages}))"
                    f" / {by_stage} (rate(model_stage_duration_seconds_count{stages}) > 0)",
                    "{{version}} {{stage}}",
                )
            ],
            "Mean seconds a request spends in each stage.",
            SECONDS,
        ),
        Panel(
            "Rows predicted by the compiled form",
            "timeseries",
            [
                Query(
                    f'sum by (version) (rate({rows}, form="compiled"}}[5m]))'
                    f" / (sum by (version) (rate({rows}}}[5m])) > 0)",
                    "{{version}} compiled",
                )
            ],
            "Rows outside the compiled form's domain are predicted by the model.",
            SHARE,
            width=6,
        ),
        _mismatches(),
    ]


def _mismatches() -> Panel:
    return Panel(
        "Compiled answers that differ",
        "timeseries",
        [
            Query(
                f"sum by (version) (increase({recording.COMPARISONS}"
                f"{{{SELECTED}, {recording.MISMATCH}}}[1h]))",
                "{{version}} rows",
            )
        ],
        "Rows of the last hour that the compiled form and the model answered otherwise. One is"
        " a bug.",
        COUNT,
        width=6,
        steps={1: "red"},
        alerts=("CompiledMismatch",),
    )


def _processes() -> Panel:
    """Processes of the model and of the server."""
    ended = f"{{{SELECTED}}}[15m]"
    queries = [
        Query(
            f"sum by (version, state) ({PROCESSES}{{{SELECTED}}})",
            "{{version}} model processes: {{state}}",
        ),
        *(
            Query(
                f"sum by (version, reason) (increase({name}_total{ended})) > 0",
                f"{{{{version}}}} {what}: {{{{reason}}}}",
            )
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
        COUNT,
        width=24,
        alerts=("CrashLoop",),
    )


def _remaining(kind: str, share: float, objectives: Objectives) -> str:
    count = f"model_request_duration_seconds_count{{{SELECTED}, {ROUTES}"
    total = f'sum by ({MODEL}) (increase({count}, code=~"2xx|5xx"}}[{BUDGET_DAYS}]))'
    bad = f'sum by ({MODEL}) (increase({count}, code="5xx"}}[{BUDGET_DAYS}]))'
    if kind == "slow":
        bound = bucket_of(objectives.latency_seconds)
        total = f'sum by ({MODEL}) (increase({count}, code="2xx"}}[{BUDGET_DAYS}]))'
        bucket = f"model_request_duration_seconds_bucket{{{SELECTED}, {ROUTES}"
        quick = f'increase({bucket}, code="2xx", {bound}}}[{BUDGET_DAYS}])'
        bad = f"({total} - sum by ({MODEL}) ({quick}))"
    return f"1 - {bad} / ({total} > 0) / {1 - share:.6g}"
