"""A model as Kubernetes runs it, and what the restricted pod security standard requires."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import yaml

from packager.deploy.kubernetes.cluster_tracker import ClusterTracker
from packager.deploy.kubernetes.workload import Workload

WORK = Workload("shop", "1.0.0-abc", f"$REGISTRY/shop@sha256:{'0' * 64}", 1024, 2)
TRACKER = ClusterTracker(
    f"$REGISTRY/package-issues@sha256:{'1' * 64}", monitor_labels={"release": "prom"}
)
KUBERNETES = ("1.30", "1.37")
"""The oldest and the newest version whose schemas the manifests must fit."""


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def check_schema(document: dict[str, Any]) -> None:
    """Raise unless ``document`` fits its schema, without a key that a server would drop."""
    for version in KUBERNETES:
        kubernetes_validate.validate(document, version, strict=True)


def unrestricted(pod: dict[str, Any]) -> list[str]:
    """The parts of a pod's ``spec`` that the restricted pod security standard refuses."""
    wrong = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    context = pod.get("securityContext", {})
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "name"}
    allowed |= {"persistentVolumeClaim", "projected", "secret"}
    wrong += [key for one in pod.get("volumes", []) for key in one if key not in allowed]
    for one in pod["containers"]:
        own = {**context, **one.get("securityContext", {})}
        required = {
            "runAsNonRoot": own.get("runAsNonRoot") is True and own.get("runAsUser") != 0,
            "seccompProfile": own.get("seccompProfile", {}).get("type") == "RuntimeDefault",
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "capabilities": own.get("capabilities") == {"drop": ["ALL"]},
            "privileged": not own.get("privileged"),
            "hostPort": not any("hostPort" in port for port in one.get("ports", [])),
        }
        wrong += [name for name, good in required.items() if not good]
    return wrong
