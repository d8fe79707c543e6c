"""Objects of Prometheus's operator for the tracker: the route to it, its metrics, its alerts."""

from __future__ import annotations

from typing import Any

from packager.deploy.configuration import SCRAPE
from packager.deploy.kubernetes.cluster_tracker import (
    READ,
    REPORT,
    SELECTOR,
    TOKENS,
    ClusterTracker,
)
from packager.deploy.kubernetes.monitors import OPERATOR
from packager.deploy.kubernetes.workload import HTTP
from packager.deploy.prometheus.issue_service import JOB, service_group
from packager.deploy.prometheus.rules import rules_document
from packager.image.tracker_files import PORT


def webhook_address(host: str) -> str:
    """The address for Alertmanager's messages."""
    return f"http://{host}:{PORT}/webhooks/alertmanager"


def alertmanager_config(one: ClusterTracker) -> dict[str, Any]:
    """Routes as in ``deploy compose``; the one receiver is the tracker."""
    credentials = {"name": TOKENS, "key": REPORT}
    webhook = {
        "url": webhook_address(JOB),
        "sendResolved": True,
        "httpConfig": {"authorization": {"type": "Bearer", "credentials": credentials}},
    }
    page = {
        "receiver": JOB,
        "matchers": [_severity("page")],
        "groupWait": "0s",
        "repeatInterval": "1h",
    }
    return {
        "apiVersion": f"{OPERATOR.partition('/')[0]}/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": one.metadata(**one.monitor_labels),
        "spec": {
            "route": {
                "receiver": JOB,
                "groupBy": ["alertname", "model"],
                "groupWait": "30s",
                "groupInterval": "5m",
                "repeatInterval": "1d",
                "routes": [page],
            },
            "inhibitRules": [
                {
                    "sourceMatch": [_severity("page")],
                    "targetMatch": [_severity("ticket")],
                    "equal": ["alertname", "model", "version"],
                }
            ],
            "receivers": [{"name": JOB, "webhookConfigs": [webhook]}],
        },
    }


def _severity(value: str) -> dict[str, str]:
    return {"name": "severity", "value": value, "matchType": "="}


def pod_monitor(one: ClusterTracker) -> dict[str, Any]:
    """Its own metrics, which take the token of scope read."""
    key = {"type": "Bearer", "credentials": {"name": TOKENS, "key": READ}}
    return {
        "apiVersion": OPERATOR,
        "kind": "PodMonitor",
        "metadata": one.metadata(**one.monitor_labels),
        "spec": {
            "selector": {"matchLabels": SELECTOR},
            "podMetricsEndpoints": [
                {
                    "port": HTTP,
                    "path": "/metrics",
                    "interval": SCRAPE,
                    "authorization": key,
                    "relabelings": [{"targetLabel": "job", "replacement": JOB}],
                }
            ],
        },
    }


def rules(one: ClusterTracker) -> dict[str, Any]:
    """Alerts about the tracker itself."""
    return {
        "apiVersion": OPERATOR,
        "kind": "PrometheusRule",
        "metadata": one.metadata(**one.monitor_labels),
        "spec": rules_document([service_group()]),
    }
