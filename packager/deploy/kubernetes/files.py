"""The files of one model below its folder: a kustomize base, and overlays for two stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from packager.deploy.commented import commented
from packager.deploy.kubernetes.monitors import pod_monitor, prometheus_rule
from packager.deploy.kubernetes.network import policies, redis
from packager.deploy.kubernetes.workload import (
    Workload,
    autoscaler,
    deployment,
    disruption_budget,
    service,
)
from packager.deploy.yaml import dump

KUSTOMIZE = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
FLEET = "models-fleet.json"
"""The dashboard of all models: each model brings it, under one name, so that Grafana has one."""
OVERLAYS = {"dev": (1, 2), "prod": (2, 6)}
"""Stage → fewest and most replicas."""
CONTAINER = "spec > template > spec > containers"
COMMENTS = {
    "deployment": {
        f"{CONTAINER} > resources > requests > cpu": "No limit: throttling slows every request.",
        f"{CONTAINER} > resources > limits": "What the workers, the model and the largest requests "
        "need: `docs/serving.md`, Memory.",
        f"{CONTAINER} > startupProbe": "Five minutes to load the model.",
        "spec > template > spec > volumes > secret > defaultMode": "0440, for the pod's group.",
        "spec > template > spec > enableServiceLinks": "Variables of services would change the "
        "server's settings.",
    },
    "autoscaler": {"spec > minReplicas": "The overlays change both."},
    "policy": {
        "spec > ingress > from > namespaceSelector": "The namespaces of your ingress and of "
        "Prometheus.",
    },
}


def kubernetes_files(
    work: Workload, rules: Mapping[str, Any], dashboards: Mapping[str, str]
) -> dict[str, str]:
    """Path → content, below the model's folder; deterministic, and without a secret.

    ``rules``: the model's rule file as a document; ``dashboards``: file → JSON of Grafana's.
    """
    objects: dict[str, tuple[list[dict[str, Any]], Mapping[str, str]]] = {
        "deployment.yaml": ([deployment(work)], COMMENTS["deployment"]),
        "service.yaml": ([service(work)], {}),
        "autoscaler.yaml": ([autoscaler(work)], COMMENTS["autoscaler"]),
        "disruption-budget.yaml": ([disruption_budget(work)], {}),
        "network-policy.yaml": (policies(work), COMMENTS["policy"]),
        "pod-monitor.yaml": ([pod_monitor(work)], {}),
        "rules.yaml": ([prometheus_rule(work, rules)], {}),
    }
    if not work.redis:
        objects["redis.yaml"] = (redis(work), {})
    kustomization = dump(_base(work, objects, dashboards))
    base = {f"base/{name}": _objects(*made) for name, made in objects.items()}
    return {
        **base,
        **{f"base/dashboards/{name}": text for name, text in dashboards.items()},
        "base/kustomization.yaml": _HEAD_BASE.format(work=work) + kustomization,
        **{
            f"overlays/{stage}/kustomization.yaml": _overlay(work, stage, *replicas)
            for stage, replicas in OVERLAYS.items()
        },
        "overlays/.gitignore": "secrets/\n",
    }


def _objects(objects: list[dict[str, Any]], comments: Mapping[str, str]) -> str:
    first, *others = objects
    return "---\n".join([commented(first, comments), *(dump(one) for one in others)])


_HEAD_BASE = """\
# {work.model} {work.version}. `package deploy kubernetes` wrote these files, and writes them again
# for another version; overlays/ is where stages differ.
"""


def _base(work: Workload, names: Mapping[str, Any], dashboards: Iterable[str]) -> dict[str, Any]:
    maps = [_dashboard(work, name) for name in sorted(dashboards)]
    return {**KUSTOMIZE, "resources": sorted(names), "configMapGenerator": maps}


def _dashboard(work: Workload, name: str) -> dict[str, Any]:
    """One map for each file: what kubectl applied is kept in an annotation of at most 256 KiB."""
    part = name.removesuffix(".json").removeprefix(work.name)
    return {
        "name": f"{work.name}{f'-{part}' if name == FLEET else part}-dashboard",
        "files": [f"dashboards/{name}"],
        "options": {"labels": {"grafana_dashboard": "1"}, "disableNameSuffixHash": True},
    }


def _overlay(work: Workload, stage: str, fewest: int, most: int) -> str:
    files = ["secrets/feedback.key"]
    secrets = [_secret(f"{work.name}-feedback", files)]
    if work.keys:
        secrets += [
            _secret(f"{work.name}-keys", ["secrets/api.keys"]),
            # Its name has no suffix: kustomize does not know where the operator's objects name it.
            {
                **_secret(f"{work.name}-scrape", ["secrets/scrape.key"]),
                "options": {"disableNameSuffixHash": True},
            },
        ]
    replicas = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": work.name},
        "spec": {"minReplicas": fewest, "maxReplicas": most},
    }
    document = {
        **KUSTOMIZE,
        "namespace": f"models-{stage}",
        "resources": ["../../base"],
        "secretGenerator": secrets,
        "patches": [{"patch": dump(replicas)}],
    }
    comments = {
        "namespace": "Make it first: kubectl create namespace ...; another name is fine.",
        "secretGenerator": _secret_comment(work),
        "patches": "Fewest and most replicas of this stage.",
    }
    return _HEAD_OVERLAY.format(stage=stage) + commented(document, comments)


_HEAD_OVERLAY = """\
#   kubectl apply -k overlays/{stage}
"""


def _secret(name: str, files: list[str]) -> dict[str, Any]:
    return {"name": name, "files": files}


def _secret_comment(work: Workload) -> str:
    lines = [
        "Files that you make; they are in no repository. The key that signs feedback tokens:",
        '  mkdir -m 700 -p secrets && echo "1:$(openssl rand -base64 32)" >secrets/feedback.key',
    ]
    if work.keys:
        lines += [
            "API keys, one a line in secrets/api.keys, and one of them for Prometheus in",
            "secrets/scrape.key.",
        ]
    return "\n".join(lines)
