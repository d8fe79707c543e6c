"""The alerts of one model. docs/alerts.md explains each, under the alert's name."""

from __future__ import annotations

from dataclasses import replace

from monitoring.metrics.restarts import RESTARTS
from monitoring.stats.accuracy import MIN_SLICE_Z
from monitoring.stats.drift import (
    MAX_RECOVERED_Z,
    MIN_ANOMALY_RISE,
    MIN_ANOMALY_ROWS,
    MIN_ANOMALY_Z,
    MIN_PSI_ROWS,
)
from packager.deploy.prometheus import output_rules, promql, recording, shadow_rules
from packager.deploy.prometheus.member_alerts import member_alerts
from packager.deploy.prometheus.presence_alerts import presence_alerts
from packager.deploy.prometheus.promql import MODEL, Scope
from packager.deploy.prometheus.recording import burn_name, drift_name
from packager.deploy.prometheus.rules import Alert, Group, MonitoredModel, Severity

BURNS: tuple[tuple[Severity, float, str, str], ...] = (
    ("page", 14.4, "1h", "5m"),
    ("page", 6, "6h", "30m"),
    ("ticket", 3, "1d", "2h"),
    ("ticket", 1, "3d", "6h"),
)
"""Burn rates of a budget of 30 days (The Site Reliability Workbook, 2018, chapter 5)."""
MIN_BAD_REQUESTS = 10
"""Bad requests in the longer window; with fewer, the rate is not meaningful."""
MIN_REJECTED_SHARE = 0.05
MIN_REJECTED_LABELS = 20
MIN_RESTARTS = 3
"""Processes that ended in 15 minutes: in a crash loop, some ten do."""
MIN_ESTIMATED_DROP = 0.05
MIN_ESTIMATED_ROWS = 500
MIN_COVERAGE_ROWS = 1_000


def alert_group(model: MonitoredModel) -> Group:
    """Every alert of ``model``.

    A version's counters have values for days after its last replica ended. So every alert about a
    version requires a running replica; else the user could do nothing to end the alert.
    """
    scope = Scope(model.name)
    of_versions = [
        *_burn("RequestsSlow", "slow", model.objectives.latency_share, scope),
        *_burn("RequestsFailed", "failed", model.objectives.success_share, scope),
        _feature_drift(scope, model.objectives.design_effect),
        _anomaly_rate(scope),
        output_rules.regression_alert(scope)
        if model.task == "outputs"
        else _slice_regression(model, scope),
        *([_estimated_drop(scope)] if model.classified else []),
        _label_coverage(scope, model.objectives.label_coverage),
        _labels_rejected(scope),
        _compiled_mismatch(scope),
        _crash_loop(scope),
        *member_alerts(model, scope),
        *shadow_rules.alerts(scope, labelled=model.task != "outputs"),
    ]
    alerts = [
        *(_while_running(alert, scope) for alert in of_versions),
        *presence_alerts(model.name, scope, pushed=model.options.pushed),
    ]
    return Group(f"{model.name} alerts", "1m", alerts)


def _while_running(alert: Alert, scope: Scope) -> Alert:
    return replace(alert, expression=f"({alert.expression}) and on ({MODEL}) {scope.running()}")


def _burn(name: str, kind: str, share: float, scope: Scope) -> list[Alert]:
    budget = 1 - share
    what = {"slow": "slower than the latency objective", "failed": "failed by the server (5xx)"}[
        kind
    ]
    action = {
        "slow": "See which stage takes the time in the dashboard; add replicas or processors, or"
        " roll back to the previous version.",
        "failed": "Read the server's log of model_failed and overloaded; roll back to the previous"
        " version if it began with a new one.",
    }[kind]
    summary = "Too many requests to {{ $labels.model }} {{ $labels.version }} are "
    urgencies: tuple[tuple[Severity, int], ...] = (("page", 1), ("ticket", 2))
    alerts = []
    for severity, priority in urgencies:
        conditions = [
            f"({scope.series(burn_name(kind, 'ratio', long))} > {rate:g} * {budget:.6g}"
            f" and {burn_name(kind, 'ratio', short)} > {rate:g} * {budget:.6g}"
            f" and {burn_name(kind, 'bad', long)} >= {MIN_BAD_REQUESTS})"
            for urgency, rate, long, short in BURNS
            if urgency == severity
        ]
        condition = " or ".join(conditions)
        alerts.append(Alert(name, condition, "0m", severity, priority, summary + what, action))
    return alerts


def _feature_drift(scope: Scope, effect: float) -> Alert:
    """A day with drift, unless its last hour has enough rows and no drift."""
    day = {what: scope.series(drift_name(what, "1d")) for what in ("psi", "z", "rows")}
    hour_z, hour_rows = drift_name("z", "1h"), drift_name("rows", "1h")
    enough = MIN_PSI_ROWS * effect
    over = f"({hour_z} < {MAX_RECOVERED_Z} and {hour_rows} >= {enough:g})"
    drifts = promql.feature_drifts(day["psi"], day["z"], day["rows"], effect)
    return Alert(
        "FeatureDrift",
        f"({drifts}) unless {over}",
        "30m",
        "ticket",
        2,
        "{{ $labels.feature }} of {{ $labels.model }} {{ $labels.version }} has drifted from its"
        " training distribution",
        "Compare live and reference bins in the dashboard. Fix a broken upstream source; if the"
        " population changed, retrain on recent labels.",
    )


def _anomaly_rate(scope: Scope) -> Alert:
    return Alert(
        "AnomalyRate",
        _anomalous(scope),
        "15m",
        "ticket",
        2,
        "{{ $labels.feature }} of {{ $labels.model }} {{ $labels.version }} has more"
        " {{ $labels.kind }} values than at build",
        "Look for what changed in the source of this column: a unit, a code list, a join that"
        " fails. The model was not trained on such values.",
    )


def _anomalous(scope: Scope) -> str:
    rise = f"{scope.series(recording.ANOMALY_RATIO)} - {recording.ANOMALY_REFERENCE}"
    enough = f"on ({MODEL}) {scope.series(recording.ROWS)} >= {MIN_ANOMALY_ROWS}"
    return f"{rise} > {MIN_ANOMALY_RISE} and {recording.ANOMALY_Z} > {MIN_ANOMALY_Z} and {enough}"


def _slice_regression(model: MonitoredModel, scope: Scope) -> Alert:
    regressed = promql.accuracy_regressed if model.classified else promql.mean_regressed
    score, rows, baseline = (
        scope.series(name) for name in (recording.SCORE, recording.EFFECTIVE, recording.BASELINE)
    )
    condition = regressed(score, rows, baseline, recording.SCORE_Z)
    return Alert(
        "SliceRegression",
        condition,
        "0m",
        "ticket",
        2,
        "{{ $labels.model }} {{ $labels.version }} is less accurate (higher error) in slice"
        " {{ $labels.slice }} than at build",
        "Find when it began and which other slices are affected. Check label coverage; retrain on"
        " recent rows, or stop serving this slice.",
    )


def _estimated_drop(scope: Scope) -> Alert:
    estimated = scope.series(recording.ESTIMATED)
    rows = scope.series(recording.ESTIMATED_EFFECTIVE)
    baseline, trained = scope.series(recording.BASELINE), scope.series(recording.BASELINE_ROWS)
    z = promql.share_z(estimated, rows, baseline, trained)
    drop = f"{baseline} - {estimated} > {MIN_ESTIMATED_DROP} and {z} < -{MIN_SLICE_Z}"
    odd = f"unless on ({MODEL}) ({_anomalous(scope)})"
    return Alert(
        "EstimatedAccuracyDrop",
        f"{drop} and {rows} >= {MIN_ESTIMATED_ROWS} {odd}",
        "1h",
        "info",
        4,
        "{{ $labels.model }} {{ $labels.version }} has lower confidence in slice"
        " {{ $labels.slice }}",
        "An estimate from the model's own confidence; it cannot detect concept drift: collect"
        " labels first, for this slice.",
    )


def _label_coverage(scope: Scope, share: float) -> Alert:
    every = recording.EVERY_ROW
    coverage = scope.series(recording.COVERAGE, every)
    rows = scope.increase(promql.SLICE, "model_slice_predictions_total", "7d", every)
    came = scope.increase(promql.SLICE, "model_feedback_total", "30d", every)
    return Alert(
        "LabelCoverageLow",
        f"{coverage} < {share:g} and {rows} >= {MIN_COVERAGE_ROWS} and {came} > 0",
        "1h",
        "ticket",
        3,
        "Label coverage is low for {{ $labels.model }} {{ $labels.version }}",
        "Accuracy by slice is only as good as its labels. Is their sender running, and are"
        " they rejected (model_feedback_rejected_total)?",
    )


def _compiled_mismatch(scope: Scope) -> Alert:
    grown = scope.increase(MODEL, recording.COMPARISONS, "1h", recording.MISMATCH)
    return Alert(
        "CompiledMismatch",
        f"{grown} > 0",
        "0m",
        "ticket",
        1,
        "The compiled form of {{ $labels.model }} {{ $labels.version }} gave another prediction"
        " than the model",
        'Build with [serve] compile = "off" and deploy that; keep the request from the log and'
        " report it.",
    )


def _crash_loop(scope: Scope) -> Alert:
    ended = " + ".join(
        scope.increase(MODEL, f"{name}_total", "15m") for name, _ in RESTARTS.values()
    )
    return Alert(
        "CrashLoop",
        f"{ended} >= {MIN_RESTARTS}",
        "0m",
        "ticket",
        2,
        "Processes of {{ $labels.model }} {{ $labels.version }} end again and again",
        "The server's log has the reason and the likely cause of each end; /readyz has the last"
        " one. Roll back to the previous version if it began with a new one.",
    )


def _labels_rejected(scope: Scope) -> Alert:
    name, wrong = "model_feedback_rejected_total", 'reason!="duplicate"'
    rejected = scope.increase(MODEL, name, "1d", wrong)
    counted = scope.increase(MODEL, "model_feedback_total", "1d", recording.EVERY_ROW)
    share = f"{rejected} / ({rejected} + {counted}) > {MIN_REJECTED_SHARE}"
    return Alert(
        "LabelsRejected",
        f"{share} and {rejected} >= {MIN_REJECTED_LABELS}",
        "15m",
        "ticket",
        3,
        "Labels sent to {{ $labels.model }} {{ $labels.version }} are refused",
        "See the reasons in model_feedback_rejected_total. Does the sender write classes as the"
        " model has them, and do all replicas have the same keys?",
    )
