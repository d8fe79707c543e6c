"""Image, Prometheus, Alertmanager and Grafana started together, and the configuration of each."""

from __future__ import annotations

from typing import Any

from packager.deploy.fleet import GRAFANA_PORT, PORTS, Fleet, Member
from packager.engine.hardening import MAX_PROCESSES
from packager.image.config import PORT
from packager.image.runtime import VENV

PROMETHEUS = "prom/prometheus:v2.53.4"
ALERTMANAGER = "prom/alertmanager:v0.27.0"
GRAFANA = "grafana/grafana:11.5.2"
RETENTION = "40d"  # the error budget looks back 30 days
SCRAPE = "15s"
FEEDBACK_KEY = "/state/feedback.key"
API_KEYS = "/run/keys/api.keys"
HARDENING: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "pids_limit": MAX_PROCESSES,
}
"""Of every service."""
MONITORING_MEMORY = "${MONITORING_MEMORY:-2g}"
"""Of Prometheus, Alertmanager and Grafana each."""
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


def services(fleet: Fleet) -> dict[str, Any]:
    """A compose file; everything listens on 127.0.0.1 only, state lies in volumes.

    It has no name of its own: Compose names the project after the folder, whatever models join.
    """
    models = fleet.sorted()
    return {
        "services": {
            **{one.state: _state(one) for one in models},
            **{one.service: _model(one) for one in models},
            "prometheus": {
                **_monitoring_service(PROMETHEUS),
                "command": [
                    "--config.file=/etc/prometheus/prometheus.yml",
                    "--storage.tsdb.path=/prometheus",
                    f"--storage.tsdb.retention.time={RETENTION}",
                ],
                "ports": ["127.0.0.1:9090:9090"],
                "volumes": ["./prometheus:/etc/prometheus:ro", "prometheus:/prometheus"],
                "healthcheck": _healthcheck("9090/-/healthy"),
                "restart": "unless-stopped",
            },
            "alertmanager": {
                **_monitoring_service(ALERTMANAGER),
                "command": [
                    "--config.file=/etc/alertmanager/alertmanager.yml",
                    "--storage.path=/alertmanager",
                ],
                "ports": ["127.0.0.1:9093:9093"],
                "volumes": ["./alertmanager:/etc/alertmanager:ro", "alertmanager:/alertmanager"],
                "healthcheck": _healthcheck("9093/-/healthy"),
                "restart": "unless-stopped",
            },
            "grafana": _grafana(),
        },
        "volumes": {
            **{one.state: {} for one in models},
            "prometheus": {},
            "alertmanager": {},
            "grafana": {},
        },
    }


def prometheus(fleet: Fleet) -> dict[str, Any]:
    """Every replica is scraped by itself: the name of a model's service resolves to all of them."""
    return {
        "global": {"scrape_interval": SCRAPE, "evaluation_interval": "1m"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": [_job(one) for one in fleet.sorted()],
    }


def _job(one: Member) -> dict[str, Any]:
    names = {"names": [one.service], "type": "A", "port": PORT, "refresh_interval": SCRAPE}
    key = {"type": "Bearer", "credentials_file": f"keys/{one.label}.key"}
    return {
        "job_name": one.name,
        **({"authorization": key} if one.keys else {}),
        "dns_sd_configs": [names],
    }


def alertmanager() -> dict[str, Any]:
    """Pages at once and again every hour, tickets every day; a page keeps its ticket quiet.

    The one receiver has nowhere to send to yet: alerts show in Alertmanager and Grafana.
    """
    return {
        "route": {
            "receiver": "people",
            "group_by": ["alertname", "model"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "1d",
            "routes": [
                {"matchers": ['severity = "page"'], "group_wait": "0s", "repeat_interval": "1h"}
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "page"'],
                "target_matchers": ['severity = "ticket"'],
                "equal": ["alertname", "model", "version"],
            }
        ],
        "receivers": [{"name": "people"}],
    }


def datasource() -> dict[str, Any]:
    """Grafana's way to Prometheus."""
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
    """Where Grafana reads dashboards from."""
    provider = {
        "name": "models",
        "folder": "Models",
        "type": "file",
        "disableDeletion": True,
        "options": {"path": "/var/lib/grafana/dashboards"},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _state(one: Member) -> dict[str, Any]:
    """Gives the new volume, which begins as root's, to the server's user, with a key for tokens."""
    return {
        "image": _literal(one.image),
        "user": "0:0",
        **HARDENING,
        "mem_limit": "256m",
        "read_only": True,
        "network_mode": "none",
        "command": [f"/{VENV}/bin/python", "-c", PREPARE],
        "healthcheck": {"disable": True},
        "volumes": [f"{one.state}:/state"],
    }


def _model(one: Member) -> dict[str, Any]:
    keys = f"./keys/{one.label}.keys:{API_KEYS}:ro"
    return {
        "image": _literal(one.image),
        **HARDENING,
        "mem_limit": f"${{MODEL_MEMORY:-{one.memory_mib}m}}",
        "environment": {
            "MODEL_PORT": str(PORT),
            "MODEL_STATE_DIR": "/state",
            "MODEL_FEEDBACK_KEY_FILE": FEEDBACK_KEY,
            **({"MODEL_API_KEYS_FILE": API_KEYS} if one.keys else {}),
        },
        # A range, so that `--scale` finds a port for each replica.
        "ports": [f"127.0.0.1:{one.port}-{one.port + PORTS - 1}:{PORT}"],
        "volumes": [f"{one.state}:/state", *([keys] if one.keys else [])],
        "read_only": True,
        "tmpfs": ["/tmp:size=512m"],
        "depends_on": {one.state: {"condition": "service_completed_successfully"}},
        "restart": "unless-stopped",
    }


def _monitoring_service(image: str) -> dict[str, Any]:
    return {"image": image, **HARDENING, "mem_limit": MONITORING_MEMORY}


def _literal(text: str) -> str:
    """``text`` where Compose would put variables of the environment in place of ``$name``."""
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
