"""Panels of a shadow: whether the challenger answers, and whether it is better."""

from __future__ import annotations

from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.units import COUNT, ERROR, POINTS, SHARE, Z
from packager.deploy.prometheus import shadow_rules
from packager.deploy.prometheus.rules import MonitoredModel

BAND = (
    (shadow_rules.DIFFERENCE, "challenger - champion"),
    (shadow_rules.LOW, "low"),
    (shadow_rules.HIGH, "high"),
)


def shadow_panels(model: MonitoredModel) -> list[Panel]:
    """Rows for every model; the comparison by labels for a classifier or a regression."""
    rows = _rows()
    if model.task == "outputs":
        return rows
    return [difference(SELECTED, model), _by_slice(classified=model.classified), *rows]


def difference(selected: str, model: MonitoredModel) -> Panel:
    """Challenger minus champion over time in one slice, or in all rows."""
    where = selected if "slice=" in selected else f"{selected}, {shadow_rules.EVERY_ROW}"
    what = "accuracy" if model.classified else "error avoided"
    return Panel(
        "Challenger minus champion",
        "timeseries",
        [Query(f"{name}{{{where}}}", f"{{{{version}}}} {legend}") for name, legend in BAND],
        f"Difference of {what} on the rows that both answered, labels of the last 30 days. The"
        " band holds at every look: above 0 the challenger is better, below 0 it is worse.",
        POINTS if model.classified else ERROR,
        alerts=("ChallengerBetter", "ChallengerWorse"),
    )


def _by_slice(*, classified: bool) -> Panel:
    unit = POINTS if classified else ERROR
    columns = (
        *((name, legend, unit) for name, legend in BAND),
        (shadow_rules.MCNEMAR, "z", Z),
        (shadow_rules.PAIRS, "labels", COUNT),
    )
    return Panel(
        "Challenger minus champion by slice, last 30 days",
        "table",
        [
            Query(f"max by (version, slice) ({name}{{{SELECTED}}})", legend, one)
            for name, legend, one in columns
        ],
        "The band of each slice is 95 % by itself; package drift --shadow widens those of"
        " slices for their number. z is McNemar's, for one look at a size chosen before.",
    )


def _rows() -> list[Panel]:
    rows = f"model_shadow_rows_total{{{SELECTED}}}[1h]"
    bucket = f"model_shadow_difference_bucket{{{SELECTED}}}[1d]"
    return [
        Panel(
            "Rows sent to the challenger",
            "timeseries",
            [Query(f"sum by (version, outcome) (increase({rows}))", "{{version}} {{outcome}}")],
            "In an hour. failed: no answer; dropped: the queue was full or the challenger paused.",
            alerts=("ShadowNotAnswering",),
        ),
        Panel(
            "Difference of the answers",
            "timeseries",
            [
                Query(
                    f"histogram_quantile({share}, sum by (version, le) (increase({bucket})))",
                    f"{{{{version}}}} p{name}",
                )
                for share, name in ((0.5, 50), (0.95, 95))
            ],
            "The largest difference of a row's probabilities, or the relative one of its numbers.",
            SHARE,
        ),
    ]
