"""Panels for true labels: accuracy by slice, coverage, delay, and estimated accuracy."""

from __future__ import annotations

from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.prometheus import output_rules, recording
from packager.deploy.prometheus.promql import quoted
from packager.deploy.prometheus.rules import MonitoredModel

MAX_OUTPUT_TABLES = 4


def label_panels(model: MonitoredModel) -> list[Panel]:
    """Panels of accuracy for a classifier, of mean absolute error for a regression.

    With ``[outputs]`` of the measures of each output.
    """
    if model.task == "outputs":
        return [*_measures(model), *_labels()]
    score = "accuracy" if model.classified else "mean absolute error"
    unit = "percentunit" if model.classified else "short"
    panels = [*_scores(score, unit), *_labels()]
    return [*panels, _estimated()] if model.classified else panels


def _scores(score: str, unit: str) -> list[Panel]:
    """By slice and overall, with confidence intervals and the packaged baseline."""
    return [
        Panel(
            f"{score.capitalize()} by slice, last 7 days",
            "table",
            [
                Query(f"max by (slice) ({name}{{{SELECTED}}})", legend)
                for name, legend in (
                    (recording.SCORE, score),
                    (recording.SCORE_LOW, "low"),
                    (recording.SCORE_HIGH, "high"),
                    (recording.BASELINE, "baseline"),
                    (recording.SCORE_Z, "z"),
                    (recording.LABELS, "labels"),
                )
            ],
            "low and high: 95 % confidence interval; baseline is the packaged evaluation.",
            "short",
        ),
        Panel(
            f"Overall {score}, band and baseline",
            "timeseries",
            [
                Query(f"{name}{{{SELECTED}, {recording.EVERY_ROW}}}", legend)
                for name, legend in (
                    (recording.SCORE, score),
                    (recording.SCORE_LOW, "low"),
                    (recording.SCORE_HIGH, "high"),
                    (recording.BASELINE, "baseline"),
                )
            ],
            "Over the labels of the last 7 days, by arrival time.",
            unit,
        ),
    ]


def _measures(model: MonitoredModel) -> list[Panel]:
    """Every measure overall, and a table by slice for the first outputs with a baseline."""
    tables = []
    for name, measure in model.outputs[:MAX_OUTPUT_TABLES]:
        where = f"output={quoted(name)}, measure={quoted(measure)}"
        queries = [
            Query(f"max by (slice) ({series}{{{SELECTED}, {where}}})", legend)
            for series, legend in (
                (output_rules.SCORE, measure),
                (output_rules.BASELINE, "baseline"),
                (output_rules.SCORE_Z, "z"),
                (output_rules.LABELS, "labels"),
            )
        ]
        title = f"{name}: {measure} by slice, last 7 days"
        tables.append(Panel(title, "table", queries, "baseline is the packaged evaluation."))
    query = f"{output_rules.SCORE}{{{SELECTED}, {recording.EVERY_ROW}}}"
    overall = Panel(
        "Measures of each output",
        "timeseries",
        [Query(query, "{{output}} {{measure}}")],
        "Means over the labels of the last 7 days, by arrival time.",
    )
    return [overall, *tables]


def _labels() -> list[Panel]:
    """The number of labels that arrive and that are counted, and their delay."""
    return [
        Panel(
            "Label coverage by slice",
            "timeseries",
            [Query(f"{recording.COVERAGE}{{{SELECTED}}}", "{{slice}}")],
            "Labels that came in 7 days over predictions made in 7 days. Where it differs between"
            " slices, labelled rows don't stand for all rows.",
            "percentunit",
        ),
        Panel(
            "Labels counted, skipped and refused",
            "timeseries",
            [
                Query(
                    f"sum(increase({_of('model_feedback_total', recording.EVERY_ROW)}))", "counted"
                ),
                Query(f"sum(increase({_of('model_feedback_skipped_total')}))", "no label yet"),
                Query(
                    f"sum by (reason) (increase({_of('model_feedback_rejected_total')}))",
                    "{{reason}}",
                ),
            ],
            "Of the last day. Refused labels appear in no other panel.",
        ),
        Panel(
            "Label delay",
            "timeseries",
            [
                Query(
                    f"histogram_quantile({share}, sum by (le) (increase("
                    f"model_feedback_delay_seconds_bucket{{{SELECTED}}}[1d])))",
                    f"p{percent}",
                )
                for share, percent in ((0.5, 50), (0.95, 95))
            ],
            "From prediction to label. Accuracy is shown when labels come, not when it was lost.",
            "s",
        ),
    ]


def _of(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join((SELECTED, *matchers))}}}[1d]"


def _estimated() -> Panel:
    return Panel(
        "Estimated and realised accuracy",
        "timeseries",
        [
            Query(f"{recording.ESTIMATED}{{{SELECTED}, {recording.EVERY_ROW}}}", "estimated"),
            Query(f"{recording.SCORE}{{{SELECTED}, {recording.EVERY_ROW}}}", "realised"),
        ],
        "Estimated from the model's calibrated confidence, before labels come: blind to a changed"
        " meaning of the inputs.",
        "percentunit",
    )
