"""The page of alerts: the rules that are written for every kind of model."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.issue_service import service_group
from packager.deploy.prometheus.proxy_alerts import proxy_group
from packager.deploy.prometheus.rules import Alert, MonitoredModel, Objectives
from reference_parts.tables import code, page, prose, table

INTRODUCTION = (
    "Every alert, as `package deploy` writes it for the default objectives: requests within"
    " {latency:g} s for {share:g} of the answers, {success:g} of the requests without a server"
    " error. [alerts.md](../alerts.md#the-alerts) has a runbook for each name: its condition in"
    " words, and what to do."
)
PRIORITIES = (
    "`page` notifies at once, `ticket` is for working hours, `info` informs. Priority is 1 (now) to"
    " 4 (when there is time). *For* is how long the condition has to hold."
)
CONDITIONS = "What Prometheus evaluates, for a model `NAME`. Recorded series have colons."


def alerts_page() -> str:
    """The page."""
    alerts = list(every_alert())
    goals = Objectives()
    introduction = INTRODUCTION.format(
        latency=goals.latency_seconds, share=goals.latency_share, success=goals.success_share
    )
    rows = [
        (
            f"[{one.name}](../alerts.md#{one.name.lower()})",
            code(one.severity),
            str(one.priority),
            one.holds,
            of,
            words(one.summary),
            prose(one.action),
        )
        for of, one in alerts
    ]
    heads = ("alert", "severity", "priority", "for", "of", "what it says", "what to do")
    return page(
        "Alerts by name",
        introduction,
        PRIORITIES,
        table(heads, rows),
        "## Conditions",
        CONDITIONS,
        *(part for of, one in alerts for part in condition(of, one)),
    )


def condition(of: str, one: Alert) -> tuple[str, str]:
    """The heading and the expression of an alert."""
    lines = textwrap.wrap(one.expression, 96, break_long_words=False, break_on_hyphens=False)
    return f"### {one.name}, {one.severity}, {of}", "```text\n" + "\n".join(lines) + "\n```"


def every_alert() -> Iterator[tuple[str, Alert]]:
    """(kinds of models that have it, alert), each condition once."""
    kinds: dict[tuple[str, str, str], list[str]] = {}
    alerts: dict[tuple[str, str, str], Alert] = {}
    described = dict(models())
    for of, model in described.items():
        for one in alert_group(model).rules:
            if isinstance(one, Alert):
                key = one.name, one.severity, one.expression
                kinds.setdefault(key, []).append(of)
                alerts[key] = one
    for key, one in alerts.items():
        every = len(kinds[key]) == len(described)
        yield "every model" if every else ", ".join(kinds[key]), one
    for of, group in (("proxy", proxy_group()), ("issue tracker", service_group())):
        yield from ((of, one) for one in group.rules if isinstance(one, Alert))


def models() -> Iterator[tuple[str, MonitoredModel]]:
    """A model of each kind."""
    common = {"name": "NAME", "version": "VERSION", "slices": ("__all__",), "features": ()}
    yield "classification", MonitoredModel(**common, task="classification")
    yield "regression", MonitoredModel(**common, task="regression")
    outputs = (("a", "accuracy"),)
    yield "outputs", MonitoredModel(**common, task="outputs", outputs=outputs)
    yield "solution", MonitoredModel(**common, task="classification", members=("a",))


def words(summary: str) -> str:
    """A summary with the names of labels in place of Prometheus's templates."""
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", prose(summary))
