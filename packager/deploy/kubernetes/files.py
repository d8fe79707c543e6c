"""The files of one model below its folder: a kustomize base, and overlays for two stages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from packager.deploy.commented import commented
from packager.deploy.kubernetes.monitors import pod_monitor, prometheus_rule
from packager.deploy.kubernetes.network import network_policy, policies, redis
from packager.deploy.kubernetes.overlays import KUSTOMIZE, overlay_files
from packager.deploy.kubernetes.workload import (
    Workload,
    autoscaler,
    deployment,
    disruption_budget,
    service,
)
from packager.deploy.schedule import cron_job, job_name
from packager.deploy.yaml import dump

FLEET = "models-fleet.json"
"""The dashboard of all models: each model brings it, under one name, so that Grafana has one."""
Objects = dict[str, tuple[list[dict[str, Any]], Mapping[str, str]]]
"""File → its objects, and the comments of the first one."""
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
}
POLICY_COMMENTS = {
    "spec > ingress > from > namespaceSelector": "The namespaces of your ingress and of Prometheus."
}


def kubernetes_files(
    work: Workload, rules: Mapping[str, Any], dashboards: Mapping[str, str]
) -> dict[str, str]:
    """Path → content, below the model's folder; deterministic, and without a secret.

    ``rules``: the model's rule file as a document; ``dashboards``: file → JSON of Grafana's.
    """
    objects: Objects = {
        "deployment.yaml": ([deployment(work)], COMMENTS["deployment"]),
        "service.yaml": ([service(work)], {}),
        "autoscaler.yaml": ([autoscaler(work)], COMMENTS["autoscaler"]),
        **shared_objects(work, rules),
    }
    if work.companion:
        objects["schedule.yaml"] = (_schedule(work), SCHEDULE_COMMENTS)
    return {
        **base_files(work, "kubernetes", objects, dashboards),
        **overlay_files(work, partial(_replicas, work), hashed=True),
    }


SCHEDULE_COMMENTS = {
    "spec > jobTemplate > spec > template > spec > volumes > persistentVolumeClaim": "The claim "
    "with the new rows, which is yours."
}


def _schedule(work: Workload) -> list[dict[str, Any]]:
    """Tests of the package on new rows, by a pod without a network in either direction."""
    labels = {**work.labels, "app.kubernetes.io/component": "test"}
    name = job_name("test", work.name)
    selector = {key: labels[key] for key in work.selector}
    alone = {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress", "Egress"]}
    return [
        cron_job(name, work.companion, work.every, labels),
        network_policy({"name": name, "labels": labels}, alone),
    ]


def shared_objects(work: Workload, rules: Mapping[str, Any]) -> Objects:
    """The objects beside those that start servers: policies, monitors, the store of labels."""
    objects: Objects = {
        "disruption-budget.yaml": ([disruption_budget(work)], {}),
        "network-policy.yaml": (policies(work), POLICY_COMMENTS),
    }
    if work.monitors:
        objects["pod-monitor.yaml"] = ([pod_monitor(work)], {})
        objects["rules.yaml"] = ([prometheus_rule(work, rules)], {})
    if not work.redis:
        objects["redis.yaml"] = (redis(work), {})
    return objects


HEAD = """\
# {work.model} {work.version}. `package deploy {target}` wrote these files, and writes them again
# for another version; overlays/ is where stages differ.
"""


def base_files(
    work: Workload,
    target: str,
    objects: Objects,
    dashboards: Mapping[str, str],
) -> dict[str, str]:
    """Path → content of the base: ``objects`` by file with their comments, and the dashboards."""
    maps = [_dashboard(work, name) for name in sorted(dashboards)]
    base = {**KUSTOMIZE, "resources": sorted(objects), "configMapGenerator": maps}
    return {
        **{f"base/{name}": _objects(*arguments) for name, arguments in objects.items()},
        **{f"base/dashboards/{name}": text for name, text in dashboards.items()},
        "base/kustomization.yaml": HEAD.format(work=work, target=target) + dump(base),
    }


def _dashboard(work: Workload, name: str) -> dict[str, Any]:
    """One map for each file: what kubectl applied is kept in an annotation of at most 256 KiB."""
    part = name.removesuffix(".json").removeprefix(work.name)
    return {
        "name": f"{work.name}{f'-{part}' if name == FLEET else part}-dashboard",
        "files": [f"dashboards/{name}"],
        "options": {
            "labels": {**work.labels, "grafana_dashboard": "1"},
            "disableNameSuffixHash": True,
        },
    }


def _objects(objects: list[dict[str, Any]], comments: Mapping[str, str]) -> str:
    first, *others = objects
    return "---\n".join([commented(first, comments), *(dump(other) for other in others)])


def _replicas(work: Workload, fewest: int, most: int) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": work.name},
        "spec": {"minReplicas": fewest, "maxReplicas": most},
    }
