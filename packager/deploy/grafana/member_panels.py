"""The panels about the members of a solution."""

from __future__ import annotations

from packager.deploy.grafana.panel import SELECTED, Panel, Query
from packager.deploy.grafana.units import SECONDS, SHARE
from packager.deploy.prometheus.member_alerts import CALLS, NOT_ANSWERED, ROWS

_BINS = "model_member_predictions_total"
_REFERENCE = "model_member_reference_rows"
_BY = "version, member"
_NAMED = "{{version}} {{member}}"


def member_panels() -> list[Panel]:
    """Answers, time and predictions of each member."""
    return [_rows(), _ready(), _time(), _own(), _predictions()]


def _rows() -> Panel:
    failed = f"sum by ({_BY}, outcome) (increase({ROWS}{{{SELECTED}, {NOT_ANSWERED}}}[15m]))"
    return Panel(
        "Rows that members did not answer",
        "timeseries",
        [Query(failed, f"{_NAMED} {{{{outcome}}}}")],
        "In 15 minutes: `failed` ended the request, for `null` the flow got nulls.",
        alerts=("MemberFailed",),
    )


def _ready() -> Panel:
    return Panel(
        "Ready members",
        "timeseries",
        [Query(f"min by ({_BY}) (model_member_ready{{{SELECTED}}})", _NAMED)],
        "Of the replica with the fewest: one for each model process. 0 is a member that restarts.",
        steps={1: "green"},
        base="red",
    )


def _time() -> Panel:
    buckets = f"sum by (le, {_BY}) (rate({CALLS}_bucket{{{SELECTED}}}[5m]))"
    return Panel(
        "Time of calls by member",
        "timeseries",
        [
            Query(f"histogram_quantile({share}, {buckets})", f"{_NAMED} p{percent}")
            for share, percent in ((0.5, 50), (0.99, 99))
        ],
        "From handing over the rows to the answers, interpolated between the histogram's bounds.",
        SECONDS,
        alerts=("MemberSlow",),
    )


def _own() -> Panel:
    calls = f"sum by ({_BY}) (rate({CALLS}_count{{{SELECTED}}}[5m]))"
    seconds = {
        "call": f"sum by ({_BY}) (rate({CALLS}_sum{{{SELECTED}}}[5m]))",
        "own": f"sum by ({_BY}) (rate(model_member_own_seconds_total{{{SELECTED}}}[5m]))",
    }
    return Panel(
        "Mean time of a call, and the model's own part",
        "timeseries",
        [Query(f"{spent} / ({calls} > 0)", f"{_NAMED} {what}") for what, spent in seconds.items()],
        "The rest is crossing between processes, and waiting for an answer while others work.",
        SECONDS,
    )


def _predictions() -> Panel:
    live = f"sum by ({_BY}, bin) (increase({_BINS}{{{SELECTED}}}[1d]))"
    reference = f"max by ({_BY}, bin) ({_REFERENCE}{{{SELECTED}}})"

    def share(rows: str) -> str:
        return f"{rows} / on ({_BY}) group_left () (sum by ({_BY}) ({rows}) > 0)"

    return Panel(
        "Predictions of members, last day",
        "table",
        [Query(share(live), "live", SHARE), Query(share(reference), "when packaged", SHARE)],
        "Share of each member's answers by the bins of its own package's profile: a member whose"
        " share moves gets other rows from the flow, or answers otherwise.",
        SHARE,
        width=24,
    )
