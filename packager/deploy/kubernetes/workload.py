"""The manifests of one model's server: Deployment, Service, autoscaling, disruption budget."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.deploy.schedule import Every
from packager.image.config import GRPC_INSIDE, PORT

PART_OF = "model-packager"
MAX_LABEL = 63
"""Characters of a name or label."""
MAX_NAME = 40
"""Characters of a model's name in the cluster; KServe and kustomize add up to twenty."""
NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
"""Names of Services and InferenceServices begin with a letter."""
HTTP = "http"
"""The name of the container's port."""
GRPC = "grpc"
"""The name of the port of gRPC, by which meshes and gateways know the protocol."""
FEEDBACK, KEYS = "/run/feedback", "/run/keys"
"""Mount points of the secrets with the token key and with the API keys."""
REDIS_PORT = 6379
GRACE_SECONDS = 50
"""Deadline of a request (30), the pause before SIGTERM, and time for the rest of the shutdown."""
DRAIN_SECONDS = 5
"""Pause before SIGTERM: endpoints forget a pod some time after it begins to end."""
CPU_OF_WORKER = 500
"""Millicores that a worker asks for."""
USER = 65532
POD_SECURITY: dict[str, Any] = {
    "automountServiceAccountToken": False,
    # Variables of services, such as MODEL_PORT of one called model, would change settings.
    "enableServiceLinks": False,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
CONTAINER_SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def object_name(model: str) -> str:
    """A name of Kubernetes for a model; different models have different ones."""
    if NAME.fullmatch(model) and len(model) <= MAX_NAME:
        return model
    plain = re.sub(r"[^a-z0-9-]+", "-", model.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"m-{plain}"
    suffix = hashlib.sha256(model.encode()).hexdigest()[:6]
    return f"{plain[: MAX_NAME - len('-123456')].strip('-')}-{suffix}"


@dataclass(frozen=True)
class Workload:
    """One model, as Kubernetes runs it."""

    model: str
    version: str
    """The package's tag."""
    image: str
    """``HOST/NAME@sha256:…``."""
    memory_mib: int
    workers: int
    grpc: bool = False
    """Whether the server has a gRPC port."""
    network: bool = False
    """Whether the model needs the network."""
    redis: str = ""
    """Address of a Redis that is there; empty: one of its own."""
    keys: bool = False
    """Whether the server requires API keys."""
    monitor_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels by which Prometheus's operator selects monitors and rules."""
    monitors: bool = True
    """Whether Prometheus's operator is in the cluster."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """Images by digest of the services beside the model."""
    companion: str = ""
    """The companion's image, which tests the package on a schedule; empty: no schedule."""
    every: Every = "day"

    @property
    def name(self) -> str:
        """The name of its objects: that of the model, as names of Kubernetes are."""
        return object_name(self.model)

    @property
    def selector(self) -> dict[str, str]:
        """Labels that never change: those of a selector are immutable."""
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/component": "model"}

    @property
    def ports(self) -> dict[str, int]:
        """Name → port of the container."""
        return {HTTP: PORT, **({GRPC: GRPC_INSIDE} if self.grpc else {})}

    @property
    def labels(self) -> dict[str, str]:
        """Labels of every object of the model."""
        return {**self.selector, "app.kubernetes.io/part-of": PART_OF}

    @property
    def store(self) -> str:
        """Address of the set of labelled predictions."""
        return self.redis or f"redis://{self.name}-redis:{REDIS_PORT}/0"

    def metadata(self, suffix: str = "", **labels: str) -> dict[str, Any]:
        """``metadata`` of an object."""
        return {"name": f"{self.name}{suffix}", "labels": {**self.labels, **labels}}


def deployment(work: Workload) -> dict[str, Any]:
    """The Deployment; its replicas are the autoscaler's, so none are named."""
    labels = {**work.labels, "app.kubernetes.io/version": work.version}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": work.metadata(),
        "spec": {
            "revisionHistoryLimit": 5,
            "minReadySeconds": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "selector": {"matchLabels": work.selector},
            "template": {
                "metadata": {"labels": labels},
                "spec": {**pod(work), "topologySpreadConstraints": [spread(work)]},
            },
        },
    }


def spread(work: Workload) -> dict[str, Any]:
    """Replicas on different nodes, where there are enough."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": work.selector},
    }


def pod(work: Workload) -> dict[str, Any]:
    """The pod's ``spec``; it satisfies the restricted pod security standard."""
    return {
        **POD_SECURITY,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "containers": [container(work)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}},
            secret_volume("feedback", f"{work.name}-feedback"),
            *([secret_volume("keys", f"{work.name}-keys")] if work.keys else []),
        ],
    }


def container(work: Workload) -> dict[str, Any]:
    """The server's container."""
    memory = f"{work.memory_mib}Mi"
    variables = {
        "MODEL_PORT": str(PORT),
        "MODEL_FEEDBACK_KEY_FILE": f"{FEEDBACK}/feedback.key",
        "MODEL_FEEDBACK_STORE": work.store,
        **({"MODEL_API_KEYS_FILE": f"{KEYS}/api.keys"} if work.keys else {}),
    }
    mounts = [("tmp", "/tmp"), ("feedback", FEEDBACK), *([("keys", KEYS)] if work.keys else [])]
    return {
        "name": "model",
        "image": work.image,
        "ports": [{"name": name, "containerPort": port} for name, port in work.ports.items()],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "resources": {
            "requests": {"cpu": f"{CPU_OF_WORKER * work.workers}m", "memory": memory},
            "limits": {"memory": memory},
        },
        "startupProbe": probe("/readyz", period=2, failures=150),
        "readinessProbe": probe("/readyz", period=5, failures=3),
        "livenessProbe": probe("/livez", period=10, failures=6),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": name, "mountPath": path, **({} if name == "tmp" else {"readOnly": True})}
            for name, path in mounts
        ],
    }


def probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    """A request to the server, every ``period`` seconds.

    It may take as long as a check of the proxies of Compose and Swarm: less, and no replica is
    ready where the machine is only busy.
    """
    return {
        "httpGet": {"path": path, "port": HTTP},
        "periodSeconds": period,
        "timeoutSeconds": 10,
        "failureThreshold": failures,
    }


def secret_volume(name: str, secret: str) -> dict[str, Any]:
    """A volume with the files of a secret, for the pod's group only."""
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440}}


def service(work: Workload) -> dict[str, Any]:
    """The address of the model inside the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": work.metadata(),
        "spec": {
            "selector": work.selector,
            "ports": [
                {"name": name, "port": 80 if name == HTTP else port, "targetPort": name}
                for name, port in work.ports.items()
            ],
        },
    }


def autoscaler(work: Workload) -> dict[str, Any]:
    """More replicas at once, fewer after five quiet minutes: starting loads the model."""
    busy = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    fewer = {"type": "Pods", "value": 1, "periodSeconds": 60}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": work.metadata(),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": work.name},
            "minReplicas": 2,
            "maxReplicas": 6,
            "metrics": [busy],
            "behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 60},
                "scaleDown": {"stabilizationWindowSeconds": 300, "policies": [fewer]},
            },
        },
    }


def disruption_budget(work: Workload) -> dict[str, Any]:
    """Draining nodes ends one replica at a time, and broken ones at once."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": work.metadata(),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": work.selector},
        },
    }
