"""The services that all models of a stack share: those of Compose, in the terms of Swarm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from packager.deploy import tracker
from packager.deploy.compose.document import (
    MONITORING_MEMORY,
    PASSWORD,
    PASSWORD_INSIDE,
    shared_services,
)
from packager.deploy.compose.services import LOGGING
from packager.deploy.fleet import GRAFANA_PORT, Fleet
from packager.deploy.parts import ALERTMANAGER, GRAFANA, PROMETHEUS, REDIS
from packager.deploy.prometheus.issue_service import JOB
from packager.deploy.swarm.services import (
    EDGE,
    MODELS,
    READABLE,
    host_port,
    limits,
    scrape_secret,
    secret,
)
from packager.image.tracker_files import PORT as TRACKER_INSIDE

STATE_LABEL = "package.state"
"""Label of the node whose disk has the volumes."""
KEPT = (
    *("image", "user", "cap_drop", "read_only", "command", "environment", "healthcheck"),
    "stop_grace_period",
)
"""Keys of a Compose service that Swarm takes as they are."""
SECRETS = {"issues-token": tracker.TOKEN, "issues-metrics": tracker.READ_TOKEN}
GRAFANA_SECRET = "grafana-admin"
VOLUMES = {
    PROMETHEUS: "/prometheus",
    ALERTMANAGER: "/alertmanager",
    GRAFANA: "/var/lib/grafana",
    REDIS: "/data",
    JOB: "/state",
}
PUBLISHED = {
    GRAFANA: (f"${{GRAFANA_PORT:-{GRAFANA_PORT}}}", 3000),
    JOB: (tracker.PUBLISHED, TRACKER_INSIDE),
}
"""Services that ask who one is. Prometheus and Alertmanager don't: they have no port."""
PLACES = {
    "prometheus/": "/etc/prometheus/",
    "alertmanager/": "/etc/alertmanager/",
    "grafana/provisioning/": "/etc/grafana/provisioning/",
    "grafana/dashboards/": "/var/lib/grafana/dashboards/",
    "issues/": "/etc/issues/",
}
"""Beginning of a path in the folder → in the containers."""
READERS = {
    "prometheus/": PROMETHEUS,
    "alertmanager/": ALERTMANAGER,
    "grafana/": GRAFANA,
    "issues/": JOB,
}


def swarm_shared(fleet: Fleet, configs: Mapping[str, str]) -> dict[str, Any]:
    """The shared services; ``configs``: key of a config → its path in the folder."""
    return {
        name: _service(name, service, fleet, configs)
        for name, service in shared_services(fleet).items()
    }


def _service(
    name: str, service: Mapping[str, Any], fleet: Fleet, configs: Mapping[str, str]
) -> dict[str, Any]:
    mounts = [
        {"source": key, "target": inside(path), "mode": READABLE}
        for key, path in configs.items()
        if reader(path) == name
    ]
    secrets = list(_secrets(name, fleet))
    published = [host_port(*PUBLISHED[name])] if name in PUBLISHED else []
    memory = tracker.MEMORY if name == JOB else MONITORING_MEMORY
    return {
        **{key: service[key] for key in KEPT if key in service},
        "logging": LOGGING,
        **({"configs": mounts} if mounts else {}),
        **({"secrets": secrets} if secrets else {}),
        **({"ports": published} if published else {}),
        "networks": [MODELS, EDGE] if name != REDIS else [MODELS],
        "volumes": _volumes(name),
        "deploy": {
            "endpoint_mode": "dnsrr",
            "replicas": 1,
            "placement": {"constraints": [f"node.labels.{STATE_LABEL} == true"]},
            "resources": {"limits": limits(memory)},
            # Two tasks can't have the same volume.
            "update_config": {"order": "stop-first", "failure_action": "rollback"},
        },
    }


def _volumes(name: str) -> list[dict[str, Any]]:
    volume = {"type": "volume", "source": name, "target": VOLUMES[name]}
    tmp = {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 64 << 20}}
    return [volume, *([tmp] if name == JOB else [])]


def _secrets(name: str, fleet: Fleet) -> Iterable[dict[str, Any]]:
    report, read = SECRETS
    if name == GRAFANA:
        yield secret(GRAFANA_SECRET, PASSWORD_INSIDE, mode=READABLE)
    if name in (ALERTMANAGER, JOB) and fleet.tracker:
        yield secret(report, tracker.INSIDE, mode=READABLE)
    if name == JOB:
        yield secret(read, tracker.READ_INSIDE, mode=READABLE)
    if name == PROMETHEUS:
        if fleet.tracker:
            yield secret(read, f"/etc/{tracker.READ_TOKEN}", mode=READABLE)
        for one in fleet.sorted():
            if one.keys:
                location = f"/etc/prometheus/keys/{one.label}.key"
                yield secret(scrape_secret(one), location, mode=READABLE)


def shared_secrets(fleet: Fleet) -> dict[str, str]:
    """Key → path of the secrets that the shared services read."""
    secrets = dict(SECRETS) if fleet.tracker else {}
    return secrets | ({GRAFANA_SECRET: PASSWORD} if GRAFANA in fleet.parts else {})


def reader(path: str) -> str | None:
    """The shared service that reads a file of the folder; None for any other file."""
    if path.startswith("prometheus/tests/"):
        return None
    return next((name for start, name in READERS.items() if path.startswith(start)), None)


def inside(path: str) -> str:
    """The path in a container of a file of the folder; raises ``KeyError`` for an unused file."""
    for start, target in PLACES.items():
        if path.startswith(start):
            return target + path.removeprefix(start)
    raise KeyError(path)
