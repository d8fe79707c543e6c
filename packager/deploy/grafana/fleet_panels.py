"""The panels of all models together: each version of each of them, side by side in a roll-out.

The expressions use only labels and series that the rules of every model have.
"""

from __future__ import annotations

from monitoring.stats.drift import MIN_PSI, MIN_PSI_ROWS, MIN_PSI_Z
from packager.deploy.grafana.drift_panels import PSI_STEPS, counted
from packager.deploy.grafana.panel import OF_FLEET, Panel, Query
from packager.deploy.grafana.panels import ALERT_LABELS, open_alerts
from packager.deploy.grafana.units import (
    COUNT,
    MOMENT,
    PSI,
    REQUESTS,
    ROWS_A_SECOND,
    SECONDS,
    SHARE,
    TIMES,
    PanelUnit,
)
from packager.deploy.prometheus import output_rules, recording
from packager.deploy.prometheus.promql import MODEL
from packager.deploy.prometheus.recording import ROUTES, burn_name, drift_name

NAMED = "{{model}} {{version}}"
SEEN_DAYS = 7
_REQUESTS = f"model_request_duration_seconds_count{{{OF_FLEET}, {ROUTES}"
_REPLICAS = f"count by ({MODEL}) (model_package_info{{{OF_FLEET}}})"
_ALL_ROWS = f"{{{OF_FLEET}, {recording.EVERY_ROW}}}"
_ACCURACY = (
    f"max by ({MODEL}) ({recording.SCORE}{_ALL_ROWS}"
    f" and on ({MODEL}) {recording.CORRECT}{_ALL_ROWS})"
)
_ERROR = (
    f"max by ({MODEL}) ({recording.SCORE}{_ALL_ROWS} / {recording.BASELINE}{_ALL_ROWS}"
    f" and on ({MODEL}) {recording.ERROR_ABS}{_ALL_ROWS})"
)
_OUTPUT = f"max by ({MODEL}, output, measure) ({output_rules.SCORE}{_ALL_ROWS})"
_FIRES = 'version!="", alertstate="firing"'
_PSI = counted("psi", "1d", OF_FLEET)
_FIRST_SEEN = (
    f"1000 * min by ({MODEL}) (min_over_time("
    f"timestamp(model_package_info{{{OF_FLEET}}})[{SEEN_DAYS}d:5m]))"
)


def fleet_rows() -> list[tuple[str, list[Panel]]]:
    """The dashboard of all models from top to bottom."""
    return [
        ("Models and versions", [_table()]),
        ("Requests", _requests()),
        ("Drift and accuracy", _quality()),
        ("Alerts", [open_alerts(OF_FLEET, f"model, {ALERT_LABELS}")]),
    ]


def _quantile(share: float) -> str:
    buckets = f"model_request_duration_seconds_bucket{{{OF_FLEET}, {ROUTES}}}[5m]"
    return f"histogram_quantile({share}, sum by ({MODEL}, le) (rate({buckets})))"


def _table() -> Panel:
    features, z, rows = (f"{drift_name(what, '1d')}{{{OF_FLEET}}}" for what in ("psi", "z", "rows"))
    drifting = f"{features} > {MIN_PSI} and {z} > {MIN_PSI_Z} and {rows} >= {MIN_PSI_ROWS}"
    alerts = f"count by ({MODEL}) (ALERTS{{{OF_FLEET}, {_FIRES}}})"
    bad = {1.0: "red"}
    failed = f"max by ({MODEL}) ({burn_name('failed', 'ratio', '1h')}{{{OF_FLEET}}})"
    return Panel(
        "Versions of every model",
        "table",
        [
            Query(_REPLICAS, "replicas", COUNT),
            Query(f"sum by ({MODEL}) (rate({_REQUESTS}}}[5m]))", "requests", REQUESTS),
            Query(failed, "failed, 1 h", SHARE, {0.001: "orange", 0.01: "red"}),
            Query(_quantile(0.95), "p95", SECONDS),
            Query(
                f"count by ({MODEL}) ({drifting}) or 0 * count by ({MODEL}) ({features})",
                "drifting",
                COUNT,
                bad,
            ),
            Query(f"max by ({MODEL}) ({_PSI})", "largest PSI", PSI, PSI_STEPS),
            Query(_ACCURACY, "accuracy", SHARE),
            Query(_ERROR, "error over baseline", TIMES),
            Query(f"{alerts} or 0 * {_REPLICAS}", "open alerts", COUNT, bad),
            Query(_FIRST_SEEN, "first seen", MOMENT),
        ],
        "One line for each version that runs. drifting: features of the last day; accuracy: of"
        f" the labels of 7 days; first seen is within {SEEN_DAYS} days, give or take 5 minutes.",
        COUNT,
        width=24,
        height=9,
        alerts=("VersionSkew", "TargetDown", "NoRequests"),
    )


def _over_time(
    title: str, query: str, text: str, unit: PanelUnit, alerts: tuple[str, ...] = ()
) -> Panel:
    return Panel(title, "timeseries", [Query(query, NAMED)], text, unit, alerts=alerts)


def _requests() -> list[Panel]:
    rate = f"rate({_REQUESTS}}}[5m])"
    by_model = f"(sum by (model) ({rate}) > 0)"
    failed = f'sum by ({MODEL}) (rate({_REQUESTS}, code="5xx"}}[5m]))'
    answered = f'(sum by ({MODEL}) (rate({_REQUESTS}, code=~"2xx|5xx"}}[5m])) > 0)'
    return [
        _over_time(
            "Requests by version",
            f"sum by ({MODEL}) ({rate})",
            "Requests for predictions a second.",
            REQUESTS,
            ("NoRequests",),
        ),
        Panel(
            "Share of a model's requests by version",
            "timeseries",
            [
                Query(
                    f"sum by ({MODEL}) ({rate}) / on (model) group_left () {by_model}",
                    NAMED,
                )
            ],
            "How far a roll-out is: the versions of a model share its requests.",
            SHARE,
        ),
        _over_time(
            "Failed requests by version",
            f"({failed} or 0 * {answered}) / {answered}",
            "Share of answers with a status of 500 or more, in 5 minutes.",
            SHARE,
            ("RequestsFailed",),
        ),
        _over_time(
            "Latency by version, 95th percentile",
            _quantile(0.95),
            "Time to answer a prediction, interpolated between the histogram's bounds.",
            SECONDS,
            ("RequestsSlow",),
        ),
        *_sizes(),
    ]


def _sizes() -> list[Panel]:
    rows = f"model_slice_predictions_total{_ALL_ROWS}[5m]"
    return [
        _over_time(
            "Rows by version",
            f"sum by ({MODEL}) (rate({rows}))",
            "Rows answered a second.",
            ROWS_A_SECOND,
        ),
        _over_time(
            "Replicas by version",
            _REPLICAS,
            "Replicas that Prometheus reaches.",
            COUNT,
            ("TargetDown", "VersionSkew"),
        ),
    ]


def _quality() -> list[Panel]:
    return [
        Panel(
            "Largest PSI of a feature, last hour",
            "timeseries",
            [Query(f"max by ({MODEL}) ({counted('psi', '1h', OF_FLEET)})", NAMED)],
            "Of all features of a version. On few rows chance alone gives large values.",
            PSI,
            steps={MIN_PSI: "orange"},
            alerts=("FeatureDrift",),
        ),
        _over_time(
            "Accuracy of classifiers, last 7 days",
            _ACCURACY,
            "Share of right answers over the labels that came in 7 days.",
            SHARE,
            ("SliceRegression",),
        ),
        _over_time(
            "Error of regressions over their baseline, last 7 days",
            _ERROR,
            "Mean absolute error over that of the packaged evaluation: 1 is as packaged.",
            TIMES,
            ("SliceRegression",),
        ),
        Panel(
            "Measures of models with several outputs, last 7 days",
            "timeseries",
            [Query(_OUTPUT, f"{NAMED} {{{{output}}}} {{{{measure}}}}")],
            "Means over the labels that came in 7 days.",
            alerts=("OutputRegression",),
        ),
    ]
