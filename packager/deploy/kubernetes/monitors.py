"""Objects of Prometheus's operator, and the dashboard that Grafana's sidecar finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy.configuration import SCRAPE
from packager.deploy.kubernetes.workload import HTTP, Workload

OPERATOR = "monitoring.coreos.com/v1"


def pod_monitor(work: Workload) -> dict[str, Any]:
    """Every replica is scraped by itself; ``job`` is the model, as in the rules."""
    key = {"type": "Bearer", "credentials": {"name": f"{work.name}-scrape", "key": "scrape.key"}}
    return {
        "apiVersion": OPERATOR,
        "kind": "PodMonitor",
        "metadata": work.metadata(**work.monitor_labels),
        "spec": {
            "selector": {"matchLabels": work.selector},
            "podMetricsEndpoints": [
                {
                    "port": HTTP,
                    "path": "/metrics",
                    "interval": SCRAPE,
                    **({"authorization": key} if work.keys else {}),
                    "relabelings": [{"targetLabel": "job", "replacement": work.model}],
                }
            ],
        },
    }


def prometheus_rule(work: Workload, rules: Mapping[str, Any]) -> dict[str, Any]:
    """The model's recording rules and alerts; ``rules``: a Prometheus rule file's document."""
    return {
        "apiVersion": OPERATOR,
        "kind": "PrometheusRule",
        "metadata": work.metadata(**work.monitor_labels),
        "spec": dict(rules),
    }
