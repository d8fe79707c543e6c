"""The alerts about the members of a solution; each names its member."""

from __future__ import annotations

from modelhost.solution.usage import DURATIONS
from packager.deploy.prometheus.promql import Scope, bucket
from packager.deploy.prometheus.rules import Alert, MonitoredModel

MEMBER = "model, version, member"
ROWS = "model_member_rows_total"
CALLS = "model_member_duration_seconds"
NOT_ANSWERED = 'outcome!="answered"'
MIN_FAILED_SHARE = 0.05
MIN_FAILED_ROWS = 10
FAILED_WINDOW = "15m"
READY_WINDOW = "10m"
"""Time for which a member of a loaded model is not ready."""
MIN_SLOW_CALLS = 10
SLOW_WINDOW = "1h"
SLOW_RATE = 3
"""Times the share of requests that the objective allows to be slow."""


def member_alerts(model: MonitoredModel, scope: Scope) -> list[Alert]:
    """None for a package that is no solution."""
    if not model.members:
        return []
    bound = slow_bound(model)
    slow = [] if bound is None else [_slow(scope, bound, 1 - model.objectives.latency_share)]
    return [_failed(scope), *slow]


def slow_bound(model: MonitoredModel) -> float | None:
    """The first bound of the calls' histogram that is no less than the objective of requests."""
    least = model.objectives.latency_seconds
    return next((one for one in DURATIONS if one >= least), None)


def _failed(scope: Scope) -> Alert:
    failed = scope.increase(MEMBER, ROWS, FAILED_WINDOW, NOT_ANSWERED)
    every = scope.increase(MEMBER, ROWS, FAILED_WINDOW)
    often = f"{failed} / {every} > {MIN_FAILED_SHARE} and {failed} >= {MIN_FAILED_ROWS}"
    ready = f"max_over_time({scope.series('model_member_ready')}[{READY_WINDOW}])"
    loaded = scope.series("model_processes", 'state="ready"')
    absent = (
        f"max by ({MEMBER}) ({ready} == bool 0 and on (model, version, instance)"
        f" min_over_time({loaded}[{READY_WINDOW}]) > 0) > 0"
    )
    return Alert(
        "MemberFailed",
        f"({often}) or ({absent})",
        "0m",
        "ticket",
        2,
        "Member {{ $labels.member }} of {{ $labels.model }} {{ $labels.version }} gives no answers",
        "The server's log says why its process ended, or what its model raised. Build the solution"
        " with the member's previous package if it began with a new version.",
    )


def _slow(scope: Scope, bound: float, budget: float) -> Alert:
    every = scope.increase(MEMBER, f"{CALLS}_count", SLOW_WINDOW)
    quick = scope.increase(MEMBER, f"{CALLS}_bucket", SLOW_WINDOW, bucket(bound))
    least = min(SLOW_RATE * budget, 0.5)
    return Alert(
        "MemberSlow",
        f"1 - {quick} / {every} > {least:.6g} and {every} - {quick} >= {MIN_SLOW_CALLS}",
        "0m",
        "ticket",
        3,
        "Calls of member {{ $labels.member }} of {{ $labels.model }} {{ $labels.version }} take"
        f" over {bound:g} s",
        "Compare its own time with that of its calls in the dashboard: the rest is waiting. Give"
        " the server more processors, or the member a faster model; with `deadline` and"
        ' on_error = "null" the flow goes on without it.',
    )
