"""The panels about the members of a solution."""

from __future__ import annotations

from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.prometheus.member_alerts import CALLS, NOT_ANSWERED, ROWS

_BINS = "model_member_predictions_total"
_REFERENCE = "model_member_reference_rows"


def member_panels() -> list[Panel]:
    """Answers, time and predictions of each member."""
    return [_rows(), _ready(), _time(), _own(), _predictions()]


def _rows() -> Panel:
    failed = f"sum by (member, outcome) (increase({ROWS}{{{SELECTED}, {NOT_ANSWERED}}}[15m]))"
    return Panel(
        "Rows that members did not answer",
        "timeseries",
        [Query(failed, "{{member}} {{outcome}}")],
        "In 15 minutes: `failed` ended the request, for `null` the flow got nulls.",
    )


def _ready() -> Panel:
    return Panel(
        "Ready members",
        "timeseries",
        [Query(f"min by (member) (model_member_ready{{{SELECTED}}})", "{{member}}")],
        "Of the replica with the fewest: one for each model process. 0 is a member that restarts.",
    )


def _time() -> Panel:
    buckets = f"sum by (le, member) (rate({CALLS}_bucket{{{SELECTED}}}[5m]))"
    return Panel(
        "Time of calls by member",
        "timeseries",
        [
            Query(f"histogram_quantile({share}, {buckets})", f"{{{{member}}}} p{percent}")
            for share, percent in ((0.5, 50), (0.99, 99))
        ],
        "From handing over the rows to the answers, interpolated between the histogram's bounds.",
        "s",
    )


def _own() -> Panel:
    calls = f"sum by (member) (rate({CALLS}_count{{{SELECTED}}}[5m]))"
    seconds = {
        "call": f"sum by (member) (rate({CALLS}_sum{{{SELECTED}}}[5m]))",
        "own": f"sum by (member) (rate(model_member_own_seconds_total{{{SELECTED}}}[5m]))",
    }
    return Panel(
        "Mean time of a call, and the model's own part",
        "timeseries",
        [
            Query(f"{spent} / ({calls} > 0)", f"{{{{member}}}} {what}")
            for what, spent in seconds.items()
        ],
        "The rest is crossing between processes, and waiting for an answer while others work.",
        "s",
    )


def _predictions() -> Panel:
    live = f"sum by (member, bin) (increase({_BINS}{{{SELECTED}}}[1d]))"
    reference = f"max by (member, bin) ({_REFERENCE}{{{SELECTED}}})"

    def share(rows: str) -> str:
        return f"{rows} / on (member) group_left () (sum by (member) ({rows}) > 0)"

    return Panel(
        "Predictions of members, last day",
        "table",
        [Query(share(live), "live"), Query(share(reference), "when packaged")],
        "Share of each member's answers by the bins of its own package's profile: a member whose"
        " share moves gets other rows from the flow, or answers otherwise.",
        "percentunit",
        width=24,
    )
