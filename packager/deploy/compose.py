"""Compose file for the models, Prometheus, Alertmanager and Grafana, and their configuration."""

from __future__ import annotations

from typing import Any

from packager.deploy import tracker
from packager.deploy.fleet import GRAFANA_PORT, PORTS, Fleet, Member
from packager.deploy.prometheus.issue_service import JOB
from packager.deploy.prometheus.time_scale import duration
from packager.engine.hardening import MAX_PROCESSES
from packager.image.config import PORT
from packager.image.runtime import VENV

PROMETHEUS = "prom/prometheus:v2.53.4"
ALERTMANAGER = "prom/alertmanager:v0.27.0"
GRAFANA = "grafana/grafana:11.5.2"
RETENTION = "40d"  # the error budget covers 30 days
SCRAPE = "15s"
FEEDBACK_KEY = "/state/feedback.key"
API_KEYS = "/run/keys/api.keys"
SERVICE_HARDENING: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "pids_limit": MAX_PROCESSES,
}
"""Settings of every service."""
MONITORING_MEMORY = "${MONITORING_MEMORY:-2g}"
"""Memory limit of Prometheus, Alertmanager and Grafana each."""
PREPARE = f"""
import base64, os, pathlib
os.chmod("/state", 0o770)
key = pathlib.Path("{FEEDBACK_KEY}")
if not key.exists():
    new = key.with_suffix(".new")
    new.write_text("1:" + base64.b64encode(os.urandom(32)).decode())
    new.chmod(0o640)
    new.replace(key)
""".strip()


def _prometheus(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(PROMETHEUS),
        "command": [
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={RETENTION}",
        ],
        "ports": ["127.0.0.1:9090:9090"],
        "volumes": [
            "./prometheus:/etc/prometheus:ro",
            "prometheus:/prometheus",
            *([tracker.SCRAPE_TOKEN_VOLUME] if fleet.tracker else []),
        ],
        "healthcheck": _healthcheck("9090/-/healthy"),
        "restart": "unless-stopped",
    }


def services(fleet: Fleet) -> dict[str, Any]:
    """A compose file; all ports are published on 127.0.0.1 only, and state is in volumes.

    It sets no project name: Compose uses the folder's name, which doesn't change with the models.
    """
    models = fleet.sorted()
    return {
        "services": {
            **{one.state: state_service(one) for one in models},
            **{one.service: model_service(one) for one in models},
            "prometheus": _prometheus(fleet),
            "alertmanager": {
                **_monitoring_service(ALERTMANAGER),
                "command": [
                    "--config.file=/etc/alertmanager/alertmanager.yml",
                    "--storage.path=/alertmanager",
                ],
                "ports": ["127.0.0.1:9093:9093"],
                "volumes": [
                    "./alertmanager:/etc/alertmanager:ro",
                    "alertmanager:/alertmanager",
                    *([tracker.TOKEN_VOLUME] if fleet.tracker else []),
                ],
                "healthcheck": _healthcheck("9093/-/healthy"),
                "restart": "unless-stopped",
            },
            "grafana": _grafana(),
            **({JOB: tracker.tracker_service(fleet.time_scale)} if fleet.tracker else {}),
        },
        "volumes": {
            **{one.state: {} for one in models},
            "prometheus": {},
            "alertmanager": {},
            "grafana": {},
            **({JOB: {}} if fleet.tracker else {}),
        },
    }


def prometheus(fleet: Fleet) -> dict[str, Any]:
    """Each replica is scraped separately: a model's service name resolves to all of them."""
    return {
        "global": {"scrape_interval": SCRAPE, "evaluation_interval": "1m"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": [
            *(_job(one) for one in fleet.sorted()),
            *([tracker.scrape_job()] if fleet.tracker else []),
        ],
    }


def _job(one: Member) -> dict[str, Any]:
    every = duration(SCRAPE, one.time_scale)
    names = {"names": [one.service], "type": "A", "port": PORT, "refresh_interval": every}
    quicker = {"scrape_interval": every, "scrape_timeout": every} if one.time_scale > 1 else {}
    key = {"type": "Bearer", "credentials_file": f"keys/{one.label}.key"}
    return {
        "job_name": one.name,
        **quicker,
        **({"authorization": key} if one.keys else {}),
        "dns_sd_configs": [names],
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


def state_service(one: Member) -> dict[str, Any]:
    """Makes the server's user the owner of the new volume, and creates a token key in it."""
    return {
        "image": literal(one.image),
        "user": "0:0",
        **SERVICE_HARDENING,
        "mem_limit": "256m",
        "read_only": True,
        "network_mode": "none",
        "command": [f"/{VENV}/bin/python", "-c", PREPARE],
        "healthcheck": {"disable": True},
        "volumes": [f"{one.state}:/state"],
    }


def model_service(one: Member) -> dict[str, Any]:
    """The service of a model's replicas, with its state in a volume."""
    keys = f"./keys/{one.label}.keys:{API_KEYS}:ro"
    return {
        "image": literal(one.image),
        **SERVICE_HARDENING,
        "mem_limit": f"${{MODEL_MEMORY:-{one.memory_mib}m}}",
        "environment": {
            "MODEL_PORT": str(PORT),
            "MODEL_STATE_DIR": "/state",
            "MODEL_FEEDBACK_KEY_FILE": FEEDBACK_KEY,
            **({"MODEL_API_KEYS_FILE": API_KEYS} if one.keys else {}),
        },
        # A range, so that each replica of `--scale` gets a port.
        "ports": [f"127.0.0.1:{one.port}-{one.port + PORTS - 1}:{PORT}"],
        "volumes": [f"{one.state}:/state", *([keys] if one.keys else [])],
        "read_only": True,
        "tmpfs": ["/tmp:size=512m"],
        "depends_on": {one.state: {"condition": "service_completed_successfully"}},
        "restart": "unless-stopped",
    }


def _monitoring_service(image: str) -> dict[str, Any]:
    return {"image": image, **SERVICE_HARDENING, "mem_limit": MONITORING_MEMORY}


def literal(text: str) -> str:
    """``text`` with ``$`` escaped, because Compose substitutes variables for ``$name``."""
    return text.replace("$", "$$")


def _grafana() -> dict[str, Any]:
    return {
        **_monitoring_service(GRAFANA),
        "environment": {
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        },
        "ports": [f"127.0.0.1:{GRAFANA_PORT}:3000"],
        "volumes": [
            "./grafana/provisioning:/etc/grafana/provisioning:ro",
            "./grafana/dashboards:/var/lib/grafana/dashboards:ro",
            "grafana:/var/lib/grafana",
        ],
        "healthcheck": _healthcheck("3000/api/health"),
        "depends_on": {"prometheus": {"condition": "service_healthy"}},
        "restart": "unless-stopped",
    }


def _healthcheck(path: str) -> dict[str, Any]:
    command = ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{path}"]
    return {"test": command, "interval": "15s", "timeout": "5s", "retries": 10}
