"""The Compose file of a deployment: all models, and the services that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy import tracker
from packager.deploy.compose.services import (
    LABELS_NETWORK,
    LOCAL_NAMES,
    OUTER_NETWORK,
    SERVICE_HARDENING,
    gateway_service,
    model_network,
    model_services,
    model_volumes,
)
from packager.deploy.fleet import GRAFANA_PORT, Fleet
from packager.deploy.gateway import route
from packager.deploy.part_images import compose_image
from packager.deploy.parts import ALERTMANAGER, GATEWAY, GRAFANA, PROMETHEUS, REDIS
from packager.deploy.prometheus.issue_service import JOB

REDIS_USER = "999:1000"
"""The image's own user; as root it would need capabilities to change to it."""
RETENTION = "40d"  # the error budget covers 30 days
MONITORING_MEMORY = "${MONITORING_MEMORY:-2g}"
"""Memory limit of Prometheus, Alertmanager and Grafana each."""
MONITORING_SHARES = 256
"""A quarter of a replica's, where processors are short; a limit would make answers slow."""
PASSWORD = "tokens/grafana-admin.password"
PASSWORD_INSIDE = f"/run/{PASSWORD}"


def compose_document(fleet: Fleet) -> dict[str, Any]:
    """A Compose file; all ports are published on 127.0.0.1 only, and state is in volumes.

    It sets no project name: Compose uses the folder's name, which doesn't change with the models.
    """
    models, shared = fleet.sorted(), shared_services(fleet)
    redis, gateway = REDIS in fleet.parts, GATEWAY in fleet.parts
    services = [
        model_services(model, fleet.pins, redis=redis, prefix=route(model) if gateway else "")
        for model in models
    ]
    before = {GATEWAY: gateway_service(fleet.pins)} if gateway else {}
    volumes = [model_volumes(model) for model in models]
    inner = [*map(model_network, models), *([LABELS_NETWORK] if REDIS in fleet.parts else [])]
    return {
        "networks": {
            OUTER_NETWORK: {},
            **{name: {"internal": True} for name in inner},
        },
        "services": {**_joined(services), **before, **shared},
        "volumes": {**_joined(volumes), **{name: {} for name in shared}},
    }


def _joined(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: one for document in documents for name, one in document.items()}


def shared_services(fleet: Fleet) -> dict[str, Any]:
    """Each has a volume of its own name."""
    services: Mapping[str, Any] = {
        PROMETHEUS: _prometheus(fleet),
        ALERTMANAGER: _alertmanager(fleet),
        GRAFANA: _grafana(fleet),
        REDIS: _redis(fleet),
    }
    shared = {name: service for name, service in services.items() if name in fleet.parts}
    own = {**SERVICE_HARDENING, "cpu_shares": MONITORING_SHARES, **tracker.tracker_service(fleet)}
    return shared | ({JOB: own} if fleet.tracker else {})


def _prometheus(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(PROMETHEUS, fleet),
        "command": [
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={RETENTION}",
        ],
        "networks": [*map(model_network, fleet.sorted()), OUTER_NETWORK],
        "dns_opt": LOCAL_NAMES,
        "ports": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
        "volumes": [
            "./prometheus:/etc/prometheus:ro",
            "prometheus:/prometheus",
            *([tracker.SCRAPE_TOKEN_VOLUME] if fleet.tracker else []),
        ],
        "healthcheck": _healthcheck(_fetched("9090/-/healthy")),
    }


def _alertmanager(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(ALERTMANAGER, fleet),
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
        "healthcheck": _healthcheck(_fetched("9093/-/healthy")),
    }


def _grafana(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(GRAFANA, fleet),
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
        "healthcheck": _healthcheck(_fetched("3000/api/health")),
        "depends_on": {PROMETHEUS: {"condition": "service_healthy"}},
    }


def _redis(fleet: Fleet) -> dict[str, Any]:
    return {
        **_monitoring_service(REDIS, fleet),
        "user": REDIS_USER,
        "read_only": True,
        "networks": [LABELS_NETWORK],
        # Only replicas reach its network; without a password it would refuse them.
        "command": [
            *("redis-server", "--protected-mode", "no", "--save", "", "--appendonly", "yes"),
            *("--dir", "/data"),
        ],
        "volumes": ["redis:/data"],
        "healthcheck": _healthcheck(["redis-cli", "ping"]),
    }


def _monitoring_service(name: str, fleet: Fleet) -> dict[str, Any]:
    return {
        "image": compose_image(name, fleet.pins),
        **SERVICE_HARDENING,
        "mem_limit": MONITORING_MEMORY,
        "cpu_shares": MONITORING_SHARES,
        "restart": "unless-stopped",
    }


def _healthcheck(command: list[str]) -> dict[str, Any]:
    """A loaded machine takes seconds to start the command."""
    return {"test": ["CMD", *command], "interval": "15s", "timeout": "20s", "retries": 10}


def _fetched(path: str) -> list[str]:
    return ["wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{path}"]
