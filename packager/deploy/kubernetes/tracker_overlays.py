"""The files of the tracker in a cluster: a kustomize base, and an overlay for each stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packager.deploy.commented import commented
from packager.deploy.kubernetes.cluster_tracker import (
    FOLDER,
    LABELS,
    READ,
    REPORT,
    TOKENS,
    ClusterTracker,
    map_name,
    policy,
    service,
    stateful_set,
)
from packager.deploy.kubernetes.overlays import KUSTOMIZE, OVERLAYS
from packager.deploy.kubernetes.tracker_monitors import (
    alertmanager_config,
    pod_monitor,
    rules,
    webhook_address,
)
from packager.deploy.prometheus.issue_service import JOB
from packager.deploy.yaml import dump

ROUTE_COMMENT = """\
The operator adds a matcher of the namespace to every AlertmanagerConfig, which the models' alerts
don't have. In the Alertmanager object:
  alertmanagerConfigMatcherStrategy: {type: None}"""

HEAD = "# The issue tracker of all models. `package deploy kubernetes` writes these files again.\n"
COMMENTS = {
    "spec > replicas": "One service a volume: more would write one SQLite file.",
    "spec > volumeClaimTemplates": "The issues: back them up with `package issues backup`.",
}
POLICY_COMMENTS = {
    "spec > ingress > from > namespaceSelector": "The namespaces of your ingress and of "
    "Alertmanager.",
    "spec > egress": "Names, Prometheus and Alertmanager. Webhooks and mail need more.",
}


def tracker_files(one: ClusterTracker, kinds: Mapping[str, str]) -> dict[str, str]:
    """Path → content below ``FOLDER``; ``kinds``: names of the models' files of kinds → JSON.

    An empty text is a file that is there already. Deterministic, and without a secret.
    """
    objects = {
        "stateful-set.yaml": commented(stateful_set(one, sorted(kinds)), COMMENTS),
        "service.yaml": dump(service(one)),
        "network-policy.yaml": commented(policy(one), POLICY_COMMENTS),
    }
    if one.monitors:
        route = {"spec > route": ROUTE_COMMENT}
        objects["alertmanager-config.yaml"] = commented(alertmanager_config(one), route)
        objects["pod-monitor.yaml"] = dump(pod_monitor(one))
        objects["rules.yaml"] = dump(rules(one))
    maps = [
        {"name": map_name(name), "files": [f"kinds/{name}.json"], "options": {"labels": LABELS}}
        for name in sorted(kinds)
    ]
    base = {**KUSTOMIZE, "resources": sorted(objects), "configMapGenerator": maps}
    return {
        **{f"base/{name}": text for name, text in objects.items()},
        **{f"base/kinds/{name}.json": text for name, text in kinds.items() if text},
        "base/kustomization.yaml": HEAD + dump(base),
        **{f"overlays/{stage}/kustomization.yaml": _overlay(one, stage) for stage in OVERLAYS},
        "overlays/.gitignore": "secrets/\n",
    }


def _address_patch(namespace: str) -> dict[str, Any]:
    """Alertmanager is in another namespace, where the name of the service alone says nothing."""
    change = {
        "op": "replace",
        "path": "/spec/receivers/0/webhookConfigs/0/url",
        "value": webhook_address(f"{JOB}.{namespace}"),
    }
    return {"target": {"kind": "AlertmanagerConfig", "name": JOB}, "patch": json.dumps([change])}


def _overlay(one: ClusterTracker, stage: str) -> str:
    tokens = {
        "name": TOKENS,
        "files": [f"secrets/{REPORT}", f"secrets/{READ}"],
        # Kustomize does not know where the objects of Prometheus's operator name it.
        "options": {"labels": LABELS, "disableNameSuffixHash": True},
    }
    document = {
        **KUSTOMIZE,
        "namespace": f"models-{stage}",
        "resources": ["../../base"],
        "secretGenerator": [tokens],
        **({"patches": [_address_patch(f"models-{stage}")]} if one.monitors else {}),
    }
    comments = {
        "namespace": "That of the models; also in the patch.",
        "secretGenerator": "Tokens that you make; they are in no repository:\n"
        "  mkdir -m 700 -p secrets\n"
        f"  for name in {REPORT} {READ}; do openssl rand -hex 32 >secrets/$name; done",
    }
    return f"#   kubectl apply -k {FOLDER}/overlays/{stage}\n" + commented(document, comments)
