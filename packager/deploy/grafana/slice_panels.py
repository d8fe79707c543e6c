"""The panels of one slice: its score, calibration, traffic and label coverage, by version."""

from __future__ import annotations

from packager.deploy.grafana.label_panels import (
    WORSE_ABOVE,
    WORSE_BELOW,
    overall_score,
    score_name,
    score_unit,
    z_column,
)
from packager.deploy.grafana.panel import IN_SLICE, SELECTED, Panel, Query
from packager.deploy.grafana.shadow_panels import difference
from packager.deploy.grafana.units import (
    COUNT,
    ERROR,
    MEASURE,
    POINTS,
    ROWS_A_SECOND,
    SHARE,
    PanelUnit,
    Z,
)
from packager.deploy.prometheus import output_rules, recording
from packager.deploy.prometheus.rules import MonitoredModel


def slice_rows(model: MonitoredModel) -> list[tuple[str, list[Panel]]]:
    """The dashboard of one slice from top to bottom."""
    judged = _measures() if model.task == "outputs" else _scored(model)
    rows = [("Against the baseline", judged)]
    if model.task != "outputs":
        rows.append(("Calibration", _calibration(model)))
    rows.append(("Traffic and labels", [*_traffic(), *_labels()]))
    if model.task != "outputs":
        rows.append(("Champion and challenger", [difference(IN_SLICE, model)]))
    return rows


def _scored(model: MonitoredModel) -> list[Panel]:
    score, unit = score_name(model), score_unit(model)

    def column(name: str, legend: str, one: PanelUnit = unit) -> Query:
        return Query(f"max by (version) ({name}{{{IN_SLICE}}})", legend, one)

    z = f"max by (version) ({recording.SCORE_Z}{{{IN_SLICE}}})"
    return [
        Panel(
            f"{score.capitalize()} of $slice by version, last 7 days",
            "table",
            [
                column(recording.SCORE, score),
                column(recording.SCORE_LOW, "low"),
                column(recording.SCORE_HIGH, "high"),
                column(recording.BASELINE, "baseline"),
                z_column(z, error=not model.classified),
                column(recording.LABELS, "labels", COUNT),
                column(recording.COVERAGE, "label coverage", SHARE),
            ],
            "low and high: 95 % confidence interval; baseline is the packaged evaluation of each"
            " version.",
            unit,
            width=24,
            height=6,
            alerts=("SliceRegression",),
        ),
        overall_score(IN_SLICE, score.capitalize(), model),
        Panel(
            "Distance from the baseline",
            "timeseries",
            [Query(f"{recording.SCORE_Z}{{{IN_SLICE}}}", "{{version}}")],
            "z of the score against the packaged evaluation: "
            + ("below -3.3" if model.classified else "above 3.3")
            + " it is worse than chance explains.",
            Z,
            steps=WORSE_BELOW if model.classified else WORSE_ABOVE,
            base="red" if model.classified else "green",
            alerts=("SliceRegression",),
        ),
    ]


def _measures() -> list[Panel]:
    by = "version, output, measure"

    def column(name: str, legend: str, unit: PanelUnit) -> Query:
        return Query(f"max by ({by}) ({name}{{{IN_SLICE}}})", legend, unit)

    return [
        Panel(
            "Measures of $slice by version, last 7 days",
            "table",
            [
                column(output_rules.SCORE, "mean", MEASURE),
                column(output_rules.BASELINE, "baseline", MEASURE),
                column(output_rules.SCORE_Z, "z", Z),
                column(output_rules.LABELS, "labels", COUNT),
            ],
            "baseline is the packaged evaluation of each version; z is signed as mean minus"
            " baseline.",
            MEASURE,
            width=24,
            alerts=("OutputRegression",),
        ),
        Panel(
            "Measures over time",
            "timeseries",
            [Query(f"{output_rules.SCORE}{{{IN_SLICE}}}", "{{version}} {{output}} {{measure}}")],
            "Means over the labels of the last 7 days, by arrival time.",
            MEASURE,
            width=24,
            alerts=("OutputRegression",),
        ),
    ]


def _calibration(model: MonitoredModel) -> list[Panel]:
    return _confidence() if model.classified else [_bias()]


def _confidence() -> list[Panel]:
    estimated, realised = (
        f"{name}{{{IN_SLICE}}}" for name in (recording.ESTIMATED, recording.SCORE)
    )
    return [
        Panel(
            "Estimated and realised accuracy",
            "timeseries",
            [
                Query(estimated, "{{version}} estimated"),
                Query(realised, "{{version}} realised"),
            ],
            "Estimated from the model's confidence of the last day, realised by the labels of 7"
            " days.",
            SHARE,
            alerts=("EstimatedAccuracyDrop",),
        ),
        Panel(
            "Estimated minus realised accuracy",
            "timeseries",
            [Query(f"{estimated} - {realised}", "{{version}}")],
            "Above 0 the model is surer in this slice than it is right; near 0 it is calibrated.",
            POINTS,
        ),
    ]


def _bias() -> Panel:
    errors = f"model_feedback_absolute_error_total{{{IN_SLICE}"
    over, under = (
        f'sum by (version) (increase({errors}, direction="{one}"}}[7d]))'
        for one in ("over", "under")
    )
    labels = f"(sum by (version) ({recording.LABELS}{{{IN_SLICE}}}) > 0)"
    return Panel(
        "Mean of prediction minus label",
        "timeseries",
        [Query(f"({over} - {under}) / {labels}", "{{version}}")],
        "Over the labels of 7 days. Above 0 the model predicts too much in this slice, below 0 too"
        " little.",
        ERROR,
        width=24,
    )


def _traffic() -> list[Panel]:
    mine = f"sum by (version) (rate(model_slice_predictions_total{{{IN_SLICE}}}[5m]))"
    every = f"model_slice_predictions_total{{{SELECTED}, {recording.EVERY_ROW}}}[5m]"
    return [
        Panel(
            "Rows of the slice",
            "timeseries",
            [Query(mine, "{{version}}")],
            "Rows answered a second.",
            ROWS_A_SECOND,
        ),
        Panel(
            "Share of all rows",
            "timeseries",
            [Query(f"{mine} / (sum by (version) (rate({every})) > 0)", "{{version}}")],
            "Of the rows of the same version.",
            SHARE,
        ),
    ]


def _labels() -> list[Panel]:
    every = f"{recording.COVERAGE}{{{SELECTED}, {recording.EVERY_ROW}}}"
    return [
        Panel(
            "Label coverage",
            "timeseries",
            [
                Query(f"{recording.COVERAGE}{{{IN_SLICE}}}", "{{version}} this slice"),
                Query(every, "{{version}} all rows"),
            ],
            "Labels that came in 7 days over predictions made in 7 days. Where a slice differs"
            " from all rows, its labelled rows don't stand for it.",
            SHARE,
            alerts=("LabelCoverageLow",),
        ),
        Panel(
            "Labels of the slice",
            "timeseries",
            [Query(f"{recording.LABELS}{{{IN_SLICE}}}", "{{version}}")],
            "Labels that came in 7 days.",
            COUNT,
        ),
    ]
