"""Configuration of Prometheus, Alertmanager and Grafana for the models of a deployment."""

from __future__ import annotations

from typing import Any

from packager.deploy import tracker
from packager.deploy.fleet import Fleet, Member
from packager.deploy.parts import ALERTMANAGER
from packager.deploy.prometheus.issue_service import JOB
from packager.deploy.prometheus.proxy_alerts import KEPT_METRICS, PROXY_JOB
from packager.deploy.prometheus.time_scale import duration
from packager.image.config import PORT

SCRAPE = "15s"
PROXY_METRICS_PORT = 8404


def prometheus(fleet: Fleet) -> dict[str, Any]:
    """Each replica is scraped separately: the names of a model's slots resolve to all of them."""
    alerting = {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]}
    return {
        "global": {"scrape_interval": SCRAPE, "evaluation_interval": "1m"},
        "rule_files": ["rules/*.yml"],
        **({"alerting": alerting} if ALERTMANAGER in fleet.parts else {}),
        "scrape_configs": [
            *(_job(one) for one in fleet.sorted()),
            _proxy_job(fleet),
            *([tracker.scrape_job()] if fleet.tracker else []),
        ],
    }


def _job(one: Member) -> dict[str, Any]:
    every = duration(SCRAPE, one.time_scale)
    names = [one.slot_service(slot) for slot in one.slots]
    found = {"names": names, "type": "A", "port": PORT, "refresh_interval": every}
    quicker = {"scrape_interval": every, "scrape_timeout": every} if one.time_scale > 1 else {}
    key = {"type": "Bearer", "credentials_file": f"keys/{one.label}.key"}
    return {
        "job_name": one.name,
        **quicker,
        **({"authorization": key} if one.keys else {}),
        "dns_sd_configs": [found],
    }


def _proxy_job(fleet: Fleet) -> dict[str, Any]:
    """Targets have the model's name; of servers without a replica nothing is asked."""
    names = [one.proxy for one in fleet.sorted()]
    found = {"names": names, "type": "A", "port": PROXY_METRICS_PORT, "refresh_interval": SCRAPE}
    named = [
        {
            "source_labels": ["__meta_dns_name"],
            "regex": one.proxy,
            "target_label": "model",
            "replacement": one.name,
        }
        for one in fleet.sorted()
    ]
    kept = {"source_labels": ["__name__"], "regex": "|".join(KEPT_METRICS), "action": "keep"}
    return {
        "job_name": PROXY_JOB,
        "params": {"scope": ["backend", "server"], "no-maint": [""]},
        "dns_sd_configs": [found],
        "relabel_configs": named,
        "metric_relabel_configs": [kept],
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
