"""Network policies of a model's server and its store of labels: clients and destinations."""

from __future__ import annotations

from typing import Any

from packager.deploy.kubernetes.workload import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    REDIS_PORT,
    Workload,
)
from packager.deploy.part_images import part_image
from packager.deploy.parts import REDIS

NAMESPACES = ("ingress", "monitoring")
"""Namespaces that may reach a model: where its ingress and Prometheus run; a person's to change."""


def policies(work: Workload) -> list[dict[str, Any]]:
    """The model's policy, and that of its own Redis."""
    ports = [{"port": name, "protocol": "TCP"} for name in work.ports]
    own = {
        "podSelector": {"matchLabels": work.selector},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": namespaces(), "ports": ports}],
        "egress": [{}] if work.network or work.redis else _egress(work),
    }
    network_policies = [network_policy(work.metadata(), own)]
    if not work.redis:
        spec = {
            "podSelector": {"matchLabels": redis_selector(work)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [{"podSelector": {"matchLabels": work.selector}}],
                    "ports": [{"port": REDIS_PORT, "protocol": "TCP"}],
                }
            ],
            "egress": [],
        }
        network_policies.append(network_policy(work.metadata("-redis"), spec))
    return network_policies


def _egress(work: Workload) -> list[dict[str, Any]]:
    """Names, and the store of labels; nothing else."""
    return egress_of(
        {
            "to": [{"podSelector": {"matchLabels": redis_selector(work)}}],
            "ports": [{"port": REDIS_PORT, "protocol": "TCP"}],
        }
    )


def egress_of(*allowed: dict[str, Any]) -> list[dict[str, Any]]:
    """Names, and what is ``allowed``."""
    names = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return [{"to": [{"namespaceSelector": {}}], "ports": names}, *allowed]


def namespaces(*names: str) -> list[dict[str, Any]]:
    """Pods of the own namespace and of those called ``names``; by default ``NAMESPACES``."""
    others = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        for name in names or NAMESPACES
    ]
    return [{"podSelector": {}}, *others]


def network_policy(metadata: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """A policy with this ``spec``."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": spec,
    }


def redis_selector(work: Workload) -> dict[str, str]:
    """Labels of the Redis that holds the model's labelled predictions."""
    return {**work.selector, "app.kubernetes.io/component": "labels"}


def redis(work: Workload) -> list[dict[str, Any]]:
    """A Redis of the model's own: replicas on several hosts count a label once."""
    labels = {**work.labels, **redis_selector(work)}
    metadata = {"name": f"{work.name}-redis", "labels": labels}
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    stateful = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "serviceName": f"{work.name}-redis",
            "selector": {"matchLabels": redis_selector(work)},
            "template": {"metadata": {"labels": labels}, "spec": _redis_pod(work)},
            "volumeClaimTemplates": [claim],
        },
    }
    address = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "clusterIP": "None",
            "selector": redis_selector(work),
            "ports": [{"name": "redis", "port": REDIS_PORT, "targetPort": "redis"}],
        },
    }
    return [stateful, address]


def _redis_pod(work: Workload) -> dict[str, Any]:
    container = {
        "name": "redis",
        "image": part_image(REDIS, work.pins),
        "args": ["--appendonly", "yes", "--maxmemory-policy", "noeviction"],
        "ports": [{"name": "redis", "containerPort": REDIS_PORT}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"memory": "256Mi"},
        },
        "readinessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 5},
        "livenessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 10},
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    return {**POD_SECURITY, "containers": [container]}
