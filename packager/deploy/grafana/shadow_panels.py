"""Panels of a shadow: whether the challenger answers, and whether it is better."""

from __future__ import annotations

from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.prometheus import shadow_rules
from packager.deploy.prometheus.rules import MonitoredModel


def shadow_panels(model: MonitoredModel) -> list[Panel]:
    """Rows for every model; the comparison by labels for a classifier or a regression."""
    rows = _rows()
    return rows if model.task == "outputs" else [*_labels(classified=model.classified), *rows]


def _labels(*, classified: bool) -> list[Panel]:
    unit = "percentunit" if classified else "short"
    what = "accuracy" if classified else "error avoided"
    band = (
        (shadow_rules.DIFFERENCE, "challenger - champion"),
        (shadow_rules.LOW, "low"),
        (shadow_rules.HIGH, "high"),
    )
    return [
        Panel(
            "Challenger minus champion",
            "timeseries",
            [
                Query(f"{name}{{{SELECTED}, {shadow_rules.EVERY_ROW}}}", legend)
                for name, legend in band
            ],
            f"Difference of {what} on the rows that both answered, labels of the last 30 days. The"
            " band holds at every look: above 0 the challenger is better, below 0 it is worse.",
            unit,
        ),
        Panel(
            "Challenger minus champion by slice, last 30 days",
            "table",
            [
                Query(f"max by (slice) ({name}{{{SELECTED}}})", legend)
                for name, legend in (
                    *band,
                    (shadow_rules.MCNEMAR, "z"),
                    (shadow_rules.PAIRS, "labels"),
                )
            ],
            "The band of each slice is 95 % by itself; package drift --shadow widens those of"
            " slices for their number. z is McNemar's, for one look at a size chosen before.",
            "short",
        ),
    ]


def _rows() -> list[Panel]:
    rows = f"model_shadow_rows_total{{{SELECTED}}}[1h]"
    bucket = f"model_shadow_difference_bucket{{{SELECTED}}}[1d]"
    return [
        Panel(
            "Rows sent to the challenger",
            "timeseries",
            [Query(f"sum by (outcome) (increase({rows}))", "{{outcome}}")],
            "In an hour. failed: no answer; dropped: the queue was full or the challenger paused.",
        ),
        Panel(
            "Difference of the answers",
            "timeseries",
            [
                Query(f"histogram_quantile({share}, sum by (le) (increase({bucket})))", f"p{name}")
                for share, name in ((0.5, 50), (0.95, 95))
            ],
            "The largest difference of a row's probabilities, or the relative one of its numbers.",
        ),
    ]
