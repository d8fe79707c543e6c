"""Panels for true labels: accuracy by slice, coverage, delay, and estimated accuracy."""

from __future__ import annotations

from monitoring.scoring.outputs import ERRORS
from monitoring.stats.accuracy import MIN_SLICE_Z
from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.units import COUNT, ERROR, MEASURE, SECONDS, SHARE, PanelUnit, Z
from packager.deploy.prometheus import output_rules, recording
from packager.deploy.prometheus.promql import quoted
from packager.deploy.prometheus.rules import MonitoredModel

MAX_OUTPUT_TABLES = 4
WORSE_BELOW = {-MIN_SLICE_Z: "text"}
"""Steps of a z that is red where accuracy is worse than packaged."""
WORSE_ABOVE = {MIN_SLICE_Z: "red"}
"""Steps of a z that is red where an error is larger than packaged."""


def score_name(model: MonitoredModel) -> str:
    """The metric that labels measure of a classifier or a regression."""
    return "accuracy" if model.classified else "mean absolute error"


def score_unit(model: MonitoredModel) -> PanelUnit:
    """The unit of ``score_name``."""
    return SHARE if model.classified else ERROR


def z_column(expression: str, *, error: bool) -> Query:
    """A column with a z, red where the alert's threshold is passed."""
    if error:
        return Query(expression, "z", Z, WORSE_ABOVE)
    return Query(expression, "z", Z, WORSE_BELOW, "red")


def label_panels(model: MonitoredModel) -> list[Panel]:
    """Panels of accuracy for a classifier, of mean absolute error for a regression.

    With ``[outputs]`` of the measures of each output.
    """
    if model.task == "outputs":
        return [*_measures(model), *_labels()]
    panels = [*_scores(model), *_labels()]
    return [*panels, _estimated()] if model.classified else panels


def _scores(model: MonitoredModel) -> list[Panel]:
    """By slice and overall, with confidence intervals and the packaged baseline."""
    score, unit = score_name(model), score_unit(model)

    def column(name: str, legend: str, one: PanelUnit = unit) -> Query:
        return Query(f"max by (version, slice) ({name}{{{SELECTED}}})", legend, one)

    z = f"max by (version, slice) ({recording.SCORE_Z}{{{SELECTED}}})"
    return [
        Panel(
            f"{score.capitalize()} by slice, last 7 days",
            "table",
            [
                column(recording.SCORE, score),
                column(recording.SCORE_LOW, "low"),
                column(recording.SCORE_HIGH, "high"),
                column(recording.BASELINE, "baseline"),
                z_column(z, error=not model.classified),
                column(recording.LABELS, "labels", COUNT),
            ],
            "low and high: 95 % confidence interval; baseline is the packaged evaluation.",
            unit,
            alerts=("SliceRegression",),
        ),
        overall_score(f"{SELECTED}, {recording.EVERY_ROW}", f"Overall {score}", model),
    ]


def overall_score(selected: str, title: str, model: MonitoredModel) -> Panel:
    """The score over time by version, with its band and baseline."""
    return Panel(
        f"{title}, band and baseline",
        "timeseries",
        [
            Query(f"{name}{{{selected}}}", f"{{{{version}}}} {legend}")
            for name, legend in (
                (recording.SCORE, score_name(model)),
                (recording.SCORE_LOW, "low"),
                (recording.SCORE_HIGH, "high"),
                (recording.BASELINE, "baseline"),
            )
        ],
        "Over the labels of the last 7 days, by arrival time. low and high: 95 % confidence"
        " interval; baseline is the packaged evaluation.",
        score_unit(model),
        alerts=("SliceRegression",),
    )


def _measures(model: MonitoredModel) -> list[Panel]:
    """Every measure overall, and a table by slice for the first outputs with a baseline."""
    query = f"{output_rules.SCORE}{{{SELECTED}, {recording.EVERY_ROW}}}"
    overall = Panel(
        "Measures of each output",
        "timeseries",
        [Query(query, "{{version}} {{output}} {{measure}}")],
        "Means over the labels of the last 7 days, by arrival time.",
        MEASURE,
        alerts=("OutputRegression",),
    )
    return [overall, *(_measure(*output) for output in model.outputs[:MAX_OUTPUT_TABLES])]


def _measure(name: str, measure: str) -> Panel:
    where = f"{SELECTED}, output={quoted(name)}, measure={quoted(measure)}"
    error = measure in ERRORS

    def asked(series: str) -> str:
        return f"max by (version, slice) ({series}{{{where}}})"

    unit = ERROR if error else SHARE
    return Panel(
        f"{name}: {measure} by slice, last 7 days",
        "table",
        [
            Query(asked(output_rules.SCORE), measure, unit),
            Query(asked(output_rules.BASELINE), "baseline", unit),
            z_column(asked(output_rules.SCORE_Z), error=error),
            Query(asked(output_rules.LABELS), "labels", COUNT),
        ],
        "baseline is the packaged evaluation.",
        unit,
        alerts=("OutputRegression",),
    )


def _labels() -> list[Panel]:
    """The number of labels that arrive and that are counted, and their delay."""
    return [
        Panel(
            "Label coverage by slice",
            "timeseries",
            [Query(f"{recording.COVERAGE}{{{SELECTED}}}", "{{version}} {{slice}}")],
            "Labels that came in 7 days over predictions made in 7 days. Where it differs between"
            " slices, labelled rows don't stand for all rows.",
            SHARE,
            alerts=("LabelCoverageLow",),
        ),
        Panel(
            "Labels counted, skipped and refused",
            "timeseries",
            [
                Query(
                    "sum by (version) (increase("
                    f"{_of('model_feedback_total', recording.EVERY_ROW)}))",
                    "{{version}} counted",
                ),
                Query(
                    f"sum by (version) (increase({_of('model_feedback_skipped_total')}))",
                    "{{version}} no label yet",
                ),
                Query(
                    f"sum by (version, reason) (increase({_of('model_feedback_rejected_total')}))",
                    "{{version}} {{reason}}",
                ),
            ],
            "Of the last day. Refused labels appear in no other panel.",
            alerts=("LabelsRejected",),
        ),
        Panel(
            "Label delay",
            "timeseries",
            [
                Query(
                    f"histogram_quantile({share}, sum by (version, le) (increase("
                    f"model_feedback_delay_seconds_bucket{{{SELECTED}}}[1d])))",
                    f"{{{{version}}}} p{percent}",
                )
                for share, percent in ((0.5, 50), (0.95, 95))
            ],
            "From prediction to label. Accuracy is shown when labels come, not when it was lost.",
            SECONDS,
        ),
    ]


def _of(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join((SELECTED, *matchers))}}}[1d]"


def _estimated() -> Panel:
    where = f"{SELECTED}, {recording.EVERY_ROW}"
    return Panel(
        "Estimated and realised accuracy",
        "timeseries",
        [
            Query(f"{recording.ESTIMATED}{{{where}}}", "{{version}} estimated"),
            Query(f"{recording.SCORE}{{{where}}}", "{{version}} realised"),
        ],
        "Estimated from the model's calibrated confidence, before labels come: blind to a changed"
        " meaning of the inputs.",
        SHARE,
        alerts=("EstimatedAccuracyDrop",),
    )
