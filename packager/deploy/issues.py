"""``issues/NAME.json``: what an issue tracker needs to know about each kind of alert of a model.

Kind → ``share`` and ``certainty`` (queries with places for labels, one result from 0 to 1),
``plot`` (titles, queries, forms), ``severity`` (the most urgent one), ``summary`` (a text with
places for labels), ``action`` and ``runbook`` (an address, or null).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packager.deploy.alert_links import runbook
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.issue_queries import AlertQueries, issue_queries
from packager.deploy.prometheus.issue_service import service_group, service_queries
from packager.deploy.prometheus.proxy_alerts import proxy_group, proxy_queries
from packager.deploy.prometheus.rules import Alert, AlertOptions, Group, MonitoredModel
from packager.deploy.prometheus.time_scale import scaled_query

LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


def issue_document(model: MonitoredModel) -> dict[str, Any]:
    """The kinds of ``model``."""
    return _document(issue_queries(model), alert_group(model), model.options)


def service_document() -> dict[str, Any]:
    """The kinds about the issue service, which all models share."""
    return _document(service_queries(), service_group(), AlertOptions())


def proxy_document() -> dict[str, Any]:
    """The kinds about the proxies of all models."""
    return _document(proxy_queries(), proxy_group(), AlertOptions())


def _document(
    queries: Mapping[str, AlertQueries], group: Group, options: AlertOptions
) -> dict[str, Any]:
    first: dict[str, Alert] = {}
    for rule in group.rules:
        if isinstance(rule, Alert):
            first.setdefault(rule.name, rule)  # pages come before tickets
    scale = options.time_scale
    return {
        kind: {
            "share": scaled_query(queries[kind].share, scale),
            "certainty": scaled_query(queries[kind].certainty, scale),
            "plot": [
                {"title": one.title, "query": scaled_query(one.query, scale), "form": one.form}
                for one in queries[kind].plot
            ],
            "severity": alert.severity,
            "summary": LABEL.sub(r"{\1}", alert.summary),
            "action": alert.action,
            "runbook": runbook(kind, options.runbooks),
        }
        for kind, alert in sorted(first.items())
    }
