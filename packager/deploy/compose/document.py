"""The Compose file of a deployment: all models, and the services that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy import tracker
from packager.deploy.compose.services import (
    MODELS_NETWORK,
    OUTER_NETWORK,
    SERVICE_HARDENING,
    model_services,
    model_volumes,
)
from packager.deploy.fleet import GRAFANA_PORT, Fleet
from packager.deploy.parts import ALERTMANAGER, GRAFANA, PROMETHEUS, REDIS
from packager.deploy.prometheus.issue_service import JOB

PROMETHEUS_IMAGE = "${PROMETHEUS_IMAGE:-prom/prometheus:v2.53.4}"
ALERTMANAGER_IMAGE = "${ALERTMANAGER_IMAGE:-prom/alertmanager:v0.27.0}"
GRAFANA_IMAGE = "${GRAFANA_IMAGE:-grafana/grafana:11.5.2}"
REDIS_IMAGE = "${REDIS_IMAGE:-redis:7.2-alpine}"
REDIS_USER = "999:1000"
"""That of the image, which as root would need capabilities to become it."""
RETENTION = "40d"  # the error budget covers 30 days
MONITORING_MEMORY = "${MONITORING_MEMORY:-2g}"
"""Memory limit of Prometheus, Alertmanager and Grafana each."""
PASSWORD = "tokens/grafana-admin.password"
PASSWORD_INSIDE = f"/run/{PASSWORD}"


def compose_document(fleet: Fleet) -> dict[str, Any]:
    """A Compose file; all ports are published on 127.0.0.1 only, and state is in volumes.

    It sets no project name: Compose uses the folder's name, which doesn't change with the models.
    """
    models, shared = fleet.sorted(), _shared_services(fleet)
    services = [model_services(one, redis=REDIS in fleet.parts) for one in models]
    volumes = [model_volumes(one) for one in models]
    return {
        "networks": {OUTER_NETWORK: {}, MODELS_NETWORK: {"internal": True}},
        "services": {**_joined(services), **shared},
        "volumes": {**_joined(volumes), **{name: {} for name in shared}},
    }


def _joined(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: one for document in documents for name, one in document.items()}


def _shared_services(fleet: Fleet) -> dict[str, Any]:
    """Each has a volume of its own name."""
    made: Mapping[str, Any] = {
        PROMETHEUS: _prometheus(fleet),
        ALERTMANAGER: _alertmanager(fleet),
        GRAFANA: _grafana(),
        REDIS: _redis(),
    }
    shared = {name: service for name, service in made.items() if name in fleet.parts}
    own = {**SERVICE_HARDENING, **tracker.tracker_service(fleet)}
    return shared | ({JOB: own} if fleet.tracker else {})


def _prometheus(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(PROMETHEUS_IMAGE),
        "command": [
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={RETENTION}",
        ],
        "networks": [MODELS_NETWORK, OUTER_NETWORK],
        "ports": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
        "volumes": [
            "./prometheus:/etc/prometheus:ro",
            "prometheus:/prometheus",
            *([tracker.SCRAPE_TOKEN_VOLUME] if fleet.tracker else []),
        ],
        "healthcheck": _healthcheck("9090/-/healthy"),
    }


def _alertmanager(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(ALERTMANAGER_IMAGE),
        "command": [
            "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/alertmanager",
        ],
        "ports": ["127.0.0.1:${ALERTMANAGER_PORT:-9093}:9093"],
        "volumes": [
            "./alertmanager:/etc/alertmanager:ro",
            "alertmanager:/alertmanager",
            *([tracker.TOKEN_VOLUME] if fleet.tracker else []),
        ],
        "healthcheck": _healthcheck("9093/-/healthy"),
    }


def _grafana() -> dict[str, Any]:
    return {
        **_monitoring_service(GRAFANA_IMAGE),
        "environment": {
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_SECURITY_ADMIN_PASSWORD__FILE": PASSWORD_INSIDE,
        },
        "ports": [f"127.0.0.1:${{GRAFANA_PORT:-{GRAFANA_PORT}}}:3000"],
        "volumes": [
            "./grafana/provisioning:/etc/grafana/provisioning:ro",
            "./grafana/dashboards:/var/lib/grafana/dashboards:ro",
            f"./{PASSWORD}:{PASSWORD_INSIDE}:ro",
            "grafana:/var/lib/grafana",
        ],
        "healthcheck": _healthcheck("3000/api/health"),
        "depends_on": {PROMETHEUS: {"condition": "service_healthy"}},
    }


def _redis() -> dict[str, Any]:
    return {
        **_monitoring_service(REDIS_IMAGE),
        "user": REDIS_USER,
        "read_only": True,
        "networks": [MODELS_NETWORK],
        "command": ["redis-server", "--save", "", "--appendonly", "yes", "--dir", "/data"],
        "volumes": ["redis:/data"],
        "healthcheck": {"test": ["CMD", "redis-cli", "ping"], "interval": "15s", "timeout": "5s"},
    }


def _monitoring_service(image: str) -> dict[str, Any]:
    return {
        "image": image,
        **SERVICE_HARDENING,
        "mem_limit": MONITORING_MEMORY,
        "restart": "unless-stopped",
    }


def _healthcheck(path: str) -> dict[str, Any]:
    command = ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{path}"]
    return {"test": command, "interval": "15s", "timeout": "5s", "retries": 10}
