"""Recorded series: ``level:metric:operation``, computed once for alerts and panels.

Rules read only series of one model, of any version; every result keeps ``version``, because bins,
slices and baselines belong to one version. Counters are summed over replicas; of gauges, which are
equal in every replica, the maximum is used.
"""

from __future__ import annotations

from monitoring.slices.slices import ALL
from packager.deploy.prometheus import output_rules, promql, shadow_rules
from packager.deploy.prometheus.promql import ANOMALY, BIN, FEATURE, MODEL, SLICE, Scope
from packager.deploy.prometheus.rules import Group, MonitoredModel, Record

ROUTES = 'route=~"/predict|/invocations|/v1/models/.+:predict|/v2/models/.+/infer"'
"""Routes of predictions."""
EVERY_ROW = f'slice="{ALL}"'
BURN_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

REFERENCE_BIN = "feature_bin:model_feature_reference_rows:max"
REFERENCE_ROWS = "feature:model_feature_reference_rows:sum"
REFERENCE_BINS = "feature:model_feature_bins:count"
REFERENCE_RATIO = "feature_bin:model_feature_reference:ratio"
ROWS = "model:model_rows:increase1h"
ROWS_WEIGHT = "model:model_rows:weight1h"
ROWS_NOISE = "model:model_rows:noise1h"
ANOMALIES = "feature_kind:model_feature_anomalies:increase1h"
ANOMALY_RATIO = "feature_kind:model_feature_anomalies:ratio1h"
ANOMALY_REFERENCE = "feature_kind:model_feature_reference_anomalies:max"
ANOMALY_POOLED = "feature_kind:model_feature_anomalies:pooled1h"
ANOMALY_Z = "feature_kind:model_feature_anomalies:zscore1h"
LABELS = "slice:model_feedback:increase7d"
CORRECT = "slice:model_feedback_correct:increase7d"
BASELINE = "slice:model_slice_baseline:max"
BASELINE_ROWS = "slice:model_slice_baseline_effective_rows:max"
BASELINE_VARIANCE = "slice:model_slice_baseline_error_variance:max"
DESIGN_EFFECT = "model:model_label_design_effect:max"
EFFECTIVE = "slice:model_feedback_effective:increase7d"
"""Labels over the design effect: independent rows."""
SCORE = "slice:model_feedback_score:ratio7d"
SCORE_LOW = "slice:model_feedback_score:lower7d"
SCORE_HIGH = "slice:model_feedback_score:upper7d"
SCORE_Z = "slice:model_feedback_score:zscore7d"
ERROR_ABS = "slice:model_feedback_absolute_error:increase7d"
ERROR_SQUARED = "slice:model_feedback_squared_error:increase7d"
ERROR_VARIANCE = "slice:model_feedback_error:variance7d"
ESTIMATED = "slice:model_estimated_accuracy:ratio1d"
ESTIMATED_ROWS = "slice:model_estimated_rows:increase1d"
ESTIMATED_EFFECTIVE = "slice:model_estimated_effective:increase1d"
COVERAGE = "slice:model_label_coverage:ratio7d"
COMPARISONS, MISMATCH = "model_compiled_checks_total", 'outcome="mismatch"'
"""The comparison of compiled answers with the model's, and the rows that differ."""


def drift_name(what: str, window: str) -> str:
    """The name of a drift series: ``bin``, ``rows``, ``ratio``, ``psi``, ``js`` or ``z``."""
    return {
        "bin": f"feature_bin:model_feature_observations:increase{window}",
        "rows": f"feature:model_feature_observations:increase{window}",
        "ratio": f"feature_bin:model_feature_observations:ratio{window}",
        "psi": f"feature:model_feature_psi:{window}",
        "js": f"feature:model_feature_js:{window}",
        "z": f"feature:model_feature_psi:zscore{window}",
    }[what]


def burn_name(kind: str, what: str, window: str) -> str:
    """The name of a series: ``kind`` is ``slow`` or ``failed``, ``what`` ``bad`` or ``ratio``."""
    operation = "increase" if what == "bad" else "ratio"
    return f"model:model_requests_{kind}:{operation}{window}"


def recording_groups(model: MonitoredModel) -> list[Group]:
    """Every recorded series of ``model``; groups with long windows are evaluated less often.

    Numerator and denominator of a share are in one group, so that both are of one moment: of two
    moments, new replicas could have more right answers than labels.
    """
    scope = Scope(model.name)
    effect = model.objectives.design_effect
    groups = [
        Group(f"{model.name} reference", "1m", _reference(scope)),
        Group(f"{model.name} drift 1h", "1m", _drift(scope, effect, "1h")),
        Group(f"{model.name} drift 1d", "2m", _drift(scope, effect, "1d")),
        Group(f"{model.name} anomalies", "1m", _anomalies(scope)),
        Group(f"{model.name} objectives", "1m", _burn(scope, model.objectives.latency_seconds)),
    ]
    scores = _scores(model, scope)
    groups.append(Group(f"{model.name} labels", "2m", [*_labels(scope, effect), *scores]))
    if model.classified:
        groups.append(Group(f"{model.name} estimates", "2m", _estimates(scope)))
    if model.task != "outputs":
        compared = shadow_rules.records(scope, DESIGN_EFFECT, classified=model.classified)
        groups.append(Group(f"{model.name} shadow", "2m", compared))
    return groups


def _scores(model: MonitoredModel, scope: Scope) -> list[Record]:
    if model.task == "outputs":
        return output_rules.records(scope, DESIGN_EFFECT)
    return _accuracy(scope) if model.classified else _errors(scope)


def _reference(scope: Scope) -> list[Record]:
    counts = scope.series(REFERENCE_BIN)
    return [
        Record(REFERENCE_BIN, scope.highest(BIN, "model_feature_reference_rows")),
        Record(REFERENCE_ROWS, f"sum by ({FEATURE}) ({counts})"),
        Record(REFERENCE_BINS, f"count by ({FEATURE}) ({counts})"),
        Record(REFERENCE_RATIO, promql.reference_ratio(counts, REFERENCE_ROWS, REFERENCE_BINS)),
    ]


def _drift(scope: Scope, effect: float, window: str) -> list[Record]:
    names = {what: drift_name(what, window) for what in ("bin", "rows", "ratio", "psi", "js", "z")}
    counts, ratio, psi = (scope.series(names[what]) for what in ("bin", "ratio", "psi"))
    z = promql.psi_z(psi, names["rows"], REFERENCE_ROWS, REFERENCE_BINS, effect)
    return [
        Record(names["bin"], scope.increase(BIN, "model_feature_observations_total", window)),
        Record(names["rows"], f"sum by ({FEATURE}) ({counts})"),
        Record(names["ratio"], promql.live_ratio(counts, names["rows"], REFERENCE_RATIO)),
        Record(names["psi"], promql.psi(ratio, REFERENCE_RATIO)),
        Record(names["js"], promql.jensen_shannon(ratio, REFERENCE_RATIO)),
        Record(names["z"], z),
    ]


def _anomalies(scope: Scope) -> list[Record]:
    """Shares of anomalies, and their two-proportion z against the share in the training rows.

    A missing reference share is 0. The reference rows of the feature with the most are used as the
    number of training rows, because features without bins have no count. Invalid values are in
    refused rows, which are not in the count of rows: their share is limited to 1.
    """
    counted, reference = scope.series(ANOMALIES), scope.series(ANOMALY_REFERENCE)
    above = f"({scope.series(ANOMALY_RATIO)} - {ANOMALY_REFERENCE})"
    pooled = scope.series(ANOMALY_POOLED)
    per_model = f"on ({MODEL}) group_left ()"
    rows, trained = scope.series(ROWS), f"max by ({MODEL}) ({scope.series(REFERENCE_ROWS)})"
    gauge = scope.highest(ANOMALY, "model_feature_reference_anomalies_ratio")
    return [
        Record(ROWS, scope.increase(MODEL, "model_slice_predictions_total", "1h", EVERY_ROW)),
        Record(ROWS_WEIGHT, f"{rows} / ({rows} + {trained})"),
        Record(ROWS_NOISE, f"1 / ({rows} > 0) + 1 / {trained}"),
        Record(ANOMALIES, scope.increase(ANOMALY, "model_feature_anomalies_total", "1h")),
        Record(ANOMALY_REFERENCE, f"{gauge} or 0 * {counted}"),
        Record(ANOMALY_RATIO, f"clamp_max({counted} / {per_model} ({rows} > 0), 1)"),
        Record(ANOMALY_POOLED, f"{reference} + {above} * {per_model} {ROWS_WEIGHT}"),
        Record(ANOMALY_Z, f"{above} / sqrt({pooled} * (1 - {pooled}) * {per_model} {ROWS_NOISE})"),
    ]


def _burn(scope: Scope, seconds: float) -> list[Record]:
    """Requests that missed an objective, as a number and as a share, per window.

    Client errors (4xx) are ignored; latency is measured for successful answers only.
    """
    count, bucket = "model_request_duration_seconds_count", "model_request_duration_seconds_bucket"
    bound = promql.bucket(float(seconds))
    records = []
    for window in BURN_WINDOWS:
        answered = scope.increase(MODEL, count, window, ROUTES, 'code="2xx"')
        quick = scope.increase(MODEL, bucket, window, ROUTES, 'code="2xx"', bound)
        failed = scope.increase(MODEL, count, window, ROUTES, 'code="5xx"')
        requests = scope.increase(MODEL, count, window, ROUTES, 'code=~"2xx|5xx"')
        for kind, bad, total in (
            ("slow", f"{answered} - {quick}", answered),
            ("failed", failed, requests),
        ):
            name = burn_name(kind, "bad", window)
            records.append(Record(name, bad))
            ratio = f"{scope.series(name)} / ({total} > 0)"
            records.append(Record(burn_name(kind, "ratio", window), ratio))
    return records


def _labels(scope: Scope, effect: float) -> list[Record]:
    """Labels by slice; ``effect``: the least design effect that they are divided by."""
    predicted = scope.increase(SLICE, "model_slice_predictions_total", "7d")
    packaged = scope.highest(MODEL, "model_label_design_effect")
    return [
        Record(LABELS, scope.increase(SLICE, "model_feedback_total", "7d")),
        Record(COVERAGE, f"{scope.series(LABELS)} / ({predicted} > 0)"),
        Record(DESIGN_EFFECT, f"clamp_min({packaged}, {effect:g})"),
        Record(EFFECTIVE, promql.independent(scope.series(LABELS), DESIGN_EFFECT)),
    ]


def _accuracy(scope: Scope) -> list[Record]:
    """Accuracy by slice, its 95 % interval and its z against the baseline."""
    score, rows = scope.series(SCORE), scope.series(EFFECTIVE)
    correct = 'outcome="correct"'
    return [
        Record(CORRECT, scope.increase(SLICE, "model_feedback_total", "7d", correct)),
        Record(BASELINE, scope.highest(SLICE, "model_slice_baseline_accuracy_ratio")),
        Record(BASELINE_ROWS, scope.highest(SLICE, "model_slice_baseline_effective_rows")),
        Record(SCORE, f"{scope.series(CORRECT)} / ({scope.series(LABELS)} > 0)"),
        Record(SCORE_LOW, promql.wilson(f"({score} * {EFFECTIVE})", rows, "-")),
        Record(SCORE_HIGH, promql.wilson(f"({score} * {EFFECTIVE})", rows, "+")),
        Record(SCORE_Z, promql.share_z(score, rows, BASELINE, BASELINE_ROWS)),
    ]


def _errors(scope: Scope) -> list[Record]:
    """Mean absolute error by slice, its 95 % interval and its z against the baseline."""
    total, squares, labels = (scope.series(name) for name in (ERROR_ABS, ERROR_SQUARED, LABELS))
    score, rows = scope.series(SCORE), scope.series(EFFECTIVE)
    baseline = promql.BaselineSeries(BASELINE, BASELINE_VARIANCE, BASELINE_ROWS)
    return [
        Record(ERROR_ABS, scope.increase(SLICE, "model_feedback_absolute_error_total", "7d")),
        Record(ERROR_SQUARED, scope.increase(SLICE, "model_feedback_squared_error_total", "7d")),
        Record(ERROR_VARIANCE, promql.variance(total, squares, labels)),
        Record(BASELINE, scope.highest(SLICE, "model_slice_baseline_mae")),
        Record(BASELINE_VARIANCE, scope.highest(SLICE, "model_slice_baseline_error_variance")),
        Record(BASELINE_ROWS, scope.highest(SLICE, "model_slice_baseline_effective_rows")),
        Record(SCORE, f"{total} / ({labels} > 0)"),
        Record(SCORE_LOW, promql.mean_bound(score, ERROR_VARIANCE, rows, "-")),
        Record(SCORE_HIGH, promql.mean_bound(score, ERROR_VARIANCE, rows, "+")),
        Record(SCORE_Z, promql.mean_z(score, ERROR_VARIANCE, rows, baseline)),
    ]


def _estimates(scope: Scope) -> list[Record]:
    right = scope.increase(SLICE, "model_estimated_correct_total", "1d")
    return [
        Record(ESTIMATED_ROWS, scope.increase(SLICE, "model_estimated_rows_total", "1d")),
        Record(ESTIMATED, f"{right} / ({scope.series(ESTIMATED_ROWS)} > 0)"),
        Record(
            ESTIMATED_EFFECTIVE, promql.independent(scope.series(ESTIMATED_ROWS), DESIGN_EFFECT)
        ),
    ]
