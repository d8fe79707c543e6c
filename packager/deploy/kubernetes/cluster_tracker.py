"""The issue tracker in a cluster: one pod with one volume, which all models of a folder share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.deploy.kubernetes.network import egress_of, namespaces, network_policy
from packager.deploy.kubernetes.workload import (
    CONTAINER_SECURITY,
    HTTP,
    PART_OF,
    POD_SECURITY,
    probe,
    secret_volume,
)
from packager.deploy.prometheus.issue_service import JOB
from packager.image.tracker_files import PORT, STATE

FOLDER = "_issues"
"""In the folder of the models, none of which has such a name."""
TOKENS = "issues-tokens"
REPORT, READ = "report.token", "read.token"
MOUNTED, KINDS = "/run/tokens", "/etc/issues"
SOURCES = {"prometheus": 9090, "alertmanager": 9093}
"""Service that the tracker queries → port; Prometheus's operator makes these services."""
NAMESPACE = "monitoring"
LOCAL = f"http://127.0.0.1:{PORT}"
"""The address of a `kubectl port-forward`."""
LABELS = {
    "app.kubernetes.io/name": JOB,
    "app.kubernetes.io/component": "tracker",
    "app.kubernetes.io/part-of": PART_OF,
}
SELECTOR = {key: LABELS[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/component")}


@dataclass(frozen=True)
class ClusterTracker:
    """Settings of a folder's tracker."""

    image: str
    """``HOST/NAME@sha256:…``."""
    address: str = ""
    """Its address for people; empty: through `kubectl port-forward`."""
    monitors: bool = True
    """Whether Prometheus's operator is in the cluster."""
    monitor_labels: Mapping[str, str] = field(default_factory=dict)

    def metadata(self, **labels: str) -> dict[str, Any]:
        """``metadata`` of each of its objects."""
        return {"name": JOB, "labels": {**LABELS, **labels}}


def map_name(model: str) -> str:
    """The ConfigMap with the kinds of a model's alerts."""
    return f"{model}-issues"


def stateful_set(one: ClusterTracker, models: list[str]) -> dict[str, Any]:
    """One replica, which keeps its volume; its pod satisfies the restricted standard."""
    claim = {
        "metadata": {"name": "state"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": one.metadata(),
        "spec": {
            "replicas": 1,
            "serviceName": JOB,
            "selector": {"matchLabels": SELECTOR},
            "template": {"metadata": {"labels": LABELS}, "spec": _pod(one, models)},
            "volumeClaimTemplates": [claim],
        },
    }


def _pod(one: ClusterTracker, models: list[str]) -> dict[str, Any]:
    sources = [{"configMap": {"name": map_name(name)}} for name in models]
    return {
        **POD_SECURITY,
        "terminationGracePeriodSeconds": 30,
        "containers": [_container(one)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            secret_volume("tokens", TOKENS),
            {"name": "kinds", "projected": {"sources": sources}},
        ],
    }


def _container(one: ClusterTracker) -> dict[str, Any]:
    checks = [
        f"--{name}=http://{name}-operated.{NAMESPACE}:{port}" for name, port in SOURCES.items()
    ]
    return {
        "name": "tracker",
        "image": one.image,
        "args": [
            f"--public-url={one.address or LOCAL}",
            *checks,
            f"--queries={KINDS}",
            f"--report-token-file={MOUNTED}/{REPORT}",
            f"--read-token-file={MOUNTED}/{READ}",
        ],
        "ports": [{"name": HTTP, "containerPort": PORT}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "512Mi"},
            "limits": {"memory": "512Mi"},
        },
        "startupProbe": probe("/readyz", period=2, failures=60),
        "readinessProbe": probe("/readyz", period=5, failures=3),
        "livenessProbe": probe("/livez", period=10, failures=6),
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "state", "mountPath": STATE},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "tokens", "mountPath": MOUNTED, "readOnly": True},
            {"name": "kinds", "mountPath": KINDS, "readOnly": True},
        ],
    }


def service(one: ClusterTracker) -> dict[str, Any]:
    """Its address in the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": one.metadata(),
        "spec": {
            "selector": SELECTOR,
            "ports": [{"name": HTTP, "port": PORT, "targetPort": HTTP}],
        },
    }


def policy(one: ClusterTracker) -> dict[str, Any]:
    """The network policy: permitted clients and destinations."""
    ports = [{"port": port, "protocol": "TCP"} for port in SOURCES.values()]
    spec = {
        "podSelector": {"matchLabels": SELECTOR},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": namespaces(), "ports": [{"port": PORT, "protocol": "TCP"}]}],
        "egress": egress_of({"to": namespaces(NAMESPACE)[1:], "ports": ports}),
    }
    return network_policy(one.metadata(), spec)
