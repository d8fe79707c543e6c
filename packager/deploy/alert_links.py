"""The addresses in an alert's annotations: its runbook, and its panel of the dashboard."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote_plus

from packager.deploy.grafana.dashboard import dashboard, uid
from packager.deploy.prometheus.rules import Alert, Group, MonitoredModel

PANELS = {
    "RequestsSlow": ("Burn rate",),
    "RequestsFailed": ("Burn rate",),
    "FeatureDrift": ("Live and reference: $feature",),
    "AnomalyRate": ("Anomalies above the reference",),
    "SliceRegression": (
        "Accuracy by slice, last 7 days",
        "Mean absolute error by slice, last 7 days",
    ),
    "OutputRegression": ("Measures of each output",),
    "EstimatedAccuracyDrop": ("Estimated and realised accuracy",),
    "LabelCoverageLow": ("Label coverage by slice",),
    "LabelsRejected": ("Labels counted, skipped and refused",),
    "CompiledMismatch": ("Compiled answers that differ",),
    "CrashLoop": ("Processes",),
    "MemberFailed": ("Rows that members did not answer",),
    "MemberSlow": ("Time of calls by member",),
    "ShadowNotAnswering": ("Rows sent to the challenger",),
    "ChallengerBetter": ("Challenger minus champion",),
    "ChallengerWorse": ("Challenger minus champion",),
}
"""Alert → titles of its panel, of which a dashboard has one; other alerts have the first panel."""
FEATURED = frozenset({"FeatureDrift"})
"""Alerts whose panel shows one feature."""


def with_links(group: Group, model: MonitoredModel) -> Group:
    """``group`` with annotations ``dashboard`` and, if its address is known, ``runbook_url``."""
    numbers = {panel["title"]: panel["id"] for panel in dashboard(model)["panels"]}
    rules = [
        replace(rule, links=_links(rule, model, numbers)) if isinstance(rule, Alert) else rule
        for rule in group.rules
    ]
    return Group(group.name, group.interval, rules)


def runbook(alert: str, base: str) -> str | None:
    """The address of an alert's section; None without the address of the page."""
    return f"{base.rstrip('/')}#{alert.lower()}" if base else None


def _links(
    alert: Alert, model: MonitoredModel, numbers: dict[str, int]
) -> tuple[tuple[str, str], ...]:
    options = model.options
    url = runbook(alert.name, options.runbooks)
    book = (("runbook_url", url),) if url else ()
    if not options.grafana:
        return book
    titles = [title for title in PANELS.get(alert.name, ()) if title in numbers]
    shown = f"&viewPanel={numbers[titles[0]]}" if titles else ""
    query = f"var-model={quote_plus(model.name)}&var-version={_label('version')}"
    if alert.name in FEATURED:
        query += f"&var-feature={_label('feature')}"
    address = f"{options.grafana.rstrip('/')}/d/{uid(model.name)}?{query}{shown}"
    return (*book, ("dashboard", address))


def _label(name: str) -> str:
    """A label in a template, escaped for an address; empty where the alert has none."""
    return f"{{{{ $labels.{name} | urlquery }}}}"
