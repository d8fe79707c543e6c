"""Configuration of Prometheus, Alertmanager and Grafana for the models of a deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from packager.deploy import tracker
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.parts import ALERTMANAGER, GATEWAY
from packager.deploy.prometheus.issue_service import JOB
from packager.deploy.prometheus.proxy_alerts import KEPT_METRICS, PROXY_JOB
from packager.deploy.prometheus.time_scale import duration
from packager.image.config import PORT

SCRAPE = "15s"
QUICKEST = 2
"""Seconds between scrapes on another time scale, at least: a loaded machine takes one to answer,
and windows of five seconds still hold two samples."""
PROXY_METRICS_PORT = 8404
GATEWAY_TARGET = "_gateway"
"""The label ``model`` of the gateway's metrics; no model has a name like it."""


def slot_names(one: DeployedModel) -> list[str]:
    """DNS names of the replicas in all slots of a model."""
    return [one.slot_service(slot) for slot in one.slots]


def proxy_name(one: DeployedModel) -> str:
    """DNS name of the proxy of a model."""
    return one.proxy


def prometheus(
    fleet: Fleet,
    replicas: Callable[[DeployedModel], list[str]] = slot_names,
    proxy: Callable[[DeployedModel], str] = proxy_name,
    gateway: str = GATEWAY,
) -> dict[str, Any]:
    """Each replica is scraped separately: the names of ``replicas`` resolve to all of them.

    ``gateway``: the DNS name of the gateway, where there is one.
    """
    proxies = {proxy(one): one.name for one in fleet.sorted()}
    if GATEWAY in fleet.parts:
        proxies[gateway] = GATEWAY_TARGET
    alerting = {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]}
    return {
        "global": {"scrape_interval": SCRAPE, "evaluation_interval": "1m"},
        "rule_files": ["rules/*.yml"],
        **({"alerting": alerting} if ALERTMANAGER in fleet.parts else {}),
        "scrape_configs": [
            *(_job(one, replicas(one)) for one in fleet.sorted()),
            _proxy_job(proxies),
            *([tracker.scrape_job()] if fleet.tracker else []),
        ],
    }


def _job(one: DeployedModel, names: list[str]) -> dict[str, Any]:
    every = SCRAPE if one.time_scale == 1 else f"{max(QUICKEST, 15 // one.time_scale)}s"
    discovery = {"names": names, "type": "A", "port": PORT, "refresh_interval": every}
    quicker = {"scrape_interval": every, "scrape_timeout": every} if one.time_scale > 1 else {}
    key = {"type": "Bearer", "credentials_file": f"keys/{one.label}.key"}
    return {
        "job_name": one.name,
        **quicker,
        **({"authorization": key} if one.keys else {}),
        "dns_sd_configs": [discovery],
    }


def _proxy_job(proxies: Mapping[str, str]) -> dict[str, Any]:
    """``proxies``: DNS name → model. Targets have the model's name; empty servers are left out."""
    names = list(proxies)
    discovery = {
        "names": names,
        "type": "A",
        "port": PROXY_METRICS_PORT,
        "refresh_interval": SCRAPE,
    }
    named = [
        {
            "source_labels": ["__meta_dns_name"],
            "regex": re.escape(dns_name).replace("\\-", "-"),
            "target_label": "model",
            "replacement": model,
        }
        for dns_name, model in proxies.items()
    ]
    keep_rule = {"source_labels": ["__name__"], "regex": "|".join(KEPT_METRICS), "action": "keep"}
    return {
        "job_name": PROXY_JOB,
        "params": {"scope": ["backend", "server"], "no-maint": [""]},
        "dns_sd_configs": [discovery],
        "relabel_configs": named,
        "metric_relabel_configs": [keep_rule],
    }


def alertmanager(fleet: Fleet) -> dict[str, Any]:
    """Pages at once and again every hour, tickets every day; a page suppresses its ticket.

    The times are divided by the largest time scale. The one receiver is the issue tracker; without
    it alerts are shown in Alertmanager and Grafana only.
    """
    scale, name = fleet.time_scale, JOB if fleet.tracker else "default"
    return {
        "route": {
            "receiver": name,
            "group_by": ["alertname", "model"],
            "group_wait": duration("30s", scale),
            "group_interval": duration("5m", scale),
            "repeat_interval": duration("1d", scale),
            "routes": [
                {
                    "matchers": ['severity = "page"'],
                    "group_wait": "0s",
                    "repeat_interval": duration("1h", scale),
                }
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "page"'],
                "target_matchers": ['severity = "ticket"'],
                "equal": ["alertname", "model", "version"],
            }
        ],
        "receivers": [tracker.receiver(name) if fleet.tracker else {"name": name}],
    }


def datasource() -> dict[str, Any]:
    """Grafana's data source: Prometheus."""
    source = {
        "name": "Prometheus",
        "uid": "prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": "http://prometheus:9090",
        "isDefault": True,
        "jsonData": {"timeInterval": SCRAPE, "httpMethod": "POST"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def dashboard_provider() -> dict[str, Any]:
    """The folder that Grafana loads dashboards from."""
    provider = {
        "name": "models",
        "folder": "Models",
        "type": "file",
        "disableDeletion": True,
        "options": {"path": "/var/lib/grafana/dashboards"},
    }
    return {"apiVersion": 1, "providers": [provider]}
