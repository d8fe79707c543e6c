"""The alerts about a model that has no requests, several versions, or replicas that are gone."""

from __future__ import annotations

from packager.deploy.prometheus import promql, recording
from packager.deploy.prometheus.promql import Scope
from packager.deploy.prometheus.rules import Alert

MIN_USUAL_ROWS = 1_000
"""Rows in a week; from this number on, a day without rows is unusual."""
MIN_FLAPS = 4
"""State changes of a replica in 15 minutes: a single restart makes two."""


def presence_alerts(name: str, scope: Scope, *, pushed: bool = False) -> list[Alert]:
    """Alerts of the model ``name``, whatever its versions."""
    down = [_no_push(name, scope)] if pushed else _target_down(name, scope)
    return [_no_requests(scope), _version_skew(scope), *down]


def _no_requests(scope: Scope) -> Alert:
    """For the model, not a version: today's rows may go to another version."""
    rows, every = scope.series("model_slice_predictions_total", recording.EVERY_ROW), "by (model)"
    today = f"sum {every} (increase({rows}[1d])) == 0"
    usual = f"sum {every} (increase({rows}[7d] offset 1d)) >= {MIN_USUAL_ROWS}"
    return Alert(
        "NoRequests",
        f"({today} and {usual}) and on (model) {scope.running('model')}",
        "1h",
        "ticket",
        3,
        "{{ $labels.model }} has had no requests for a day",
        "It runs, but receives no requests: check the clients and the routing. Without"
        " rows no other alert of this model can fire.",
    )


def _version_skew(scope: Scope) -> Alert:
    return Alert(
        "VersionSkew",
        f"count by (model) ({scope.running()}) > 1",
        "1h",
        "ticket",
        3,
        "More than one version of {{ $labels.model }} has answered for an hour",
        "A roll-out that stopped half-way: finish it or roll it back. Silence this one where two"
        " versions are meant to run.",
    )


def _no_push(name: str, scope: Scope) -> Alert:
    """No replica has pushed: ``up`` exists only where Prometheus scrapes.

    A single replica that is gone is no fault where a platform adds and removes them.
    """
    return Alert(
        "TargetDown",
        f"absent_over_time({scope.series('model_package_info')}[{promql.LOOKBACK}])",
        "2m",
        "page",
        1,
        f"No replica of {name} pushes metrics",
        "See the platform's list of instances and the server's log: `metrics pushed to … are not"
        " all taken` says why. Silence this one for a service that may have no instance.",
        labels=(("model", name), ("job", name)),
    )


def _target_down(name: str, scope: Scope) -> list[Alert]:
    """All replicas down, or one of several; versions are ignored, because ``up`` has none."""
    up = f"up{{job={promql.quoted(name)}}}"
    info = scope.series("model_package_info")
    every = f"absent({up} == 1) or absent(last_over_time({info}[{promql.LOOKBACK}]))"
    flapping = f"(changes({up}[15m]) >= {MIN_FLAPS} and {up})"
    others = f"max by (job) (max_over_time({up}[15m])) == 1"
    action = "See the replica's log and health (/readyz); Prometheus says under /targets why."
    return [
        Alert(
            "TargetDown",
            every,
            "2m",
            "page",
            1,
            f"No replica of {name} can be scraped",
            action,
            labels=(("model", name), ("job", name)),
        ),
        Alert(
            "TargetDown",
            f"({up} == 0 or {flapping}) and on (job) {others}",
            "5m",
            "ticket",
            2,
            "The replica {{ $labels.instance }} of {{ $labels.job }} cannot be scraped, or only"
            " intermittently",
            action,
            labels=(("model", name),),
        ),
    ]
