"""The issue tracker in a cluster: one pod with one volume, which all models of a folder share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.deploy.commented import commented
from packager.deploy.configuration import SCRAPE
from packager.deploy.kubernetes.monitors import OPERATOR
from packager.deploy.kubernetes.network import egress_of, namespaces, network_policy
from packager.deploy.kubernetes.overlays import KUSTOMIZE, OVERLAYS
from packager.deploy.kubernetes.workload import (
    CONTAINER_SECURITY,
    HTTP,
    PART_OF,
    POD_SECURITY,
    probe,
    secret_volume,
)
from packager.deploy.prometheus.issue_service import JOB, service_group
from packager.deploy.prometheus.rules import rules_document
from packager.deploy.yaml import dump
from packager.image.tracker_files import PORT, STATE

FOLDER = "_issues"
"""In the folder of the models, none of which has such a name."""
TOKENS = "issues-tokens"
REPORT, READ = "report.token", "read.token"
MOUNTED, KINDS = "/run/tokens", "/etc/issues"
SOURCES = {"prometheus": 9090, "alertmanager": 9093}
"""What the tracker asks, and its port: services that Prometheus's operator makes."""
NAMESPACE = "monitoring"
LOCAL = f"http://127.0.0.1:{PORT}"
"""Where `kubectl port-forward` shows it."""
LABELS = {
    "app.kubernetes.io/name": JOB,
    "app.kubernetes.io/component": "tracker",
    "app.kubernetes.io/part-of": PART_OF,
}
SELECTOR = {key: LABELS[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/component")}
ROUTE_COMMENT = """\
The operator adds a matcher of the namespace to every AlertmanagerConfig, which the models' alerts
don't have. In the Alertmanager object:
  alertmanagerConfigMatcherStrategy: {type: None}"""


@dataclass(frozen=True)
class ClusterTracker:
    """What a folder's tracker is made of."""

    image: str
    """``HOST/NAME@sha256:…``."""
    address: str = ""
    """Where people open it; empty: through `kubectl port-forward`."""
    monitors: bool = True
    """Whether Prometheus's operator is in the cluster."""
    monitor_labels: Mapping[str, str] = field(default_factory=dict)

    def metadata(self, **labels: str) -> dict[str, Any]:
        """``metadata`` of each of its objects."""
        return {"name": JOB, "labels": {**LABELS, **labels}}


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
    asked = [
        f"--{name}=http://{name}-operated.{NAMESPACE}:{port}" for name, port in SOURCES.items()
    ]
    return {
        "name": "tracker",
        "image": one.image,
        "args": [
            f"--public-url={one.address or LOCAL}",
            *asked,
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
    """Who may reach it, and whom it asks."""
    ports = [{"port": port, "protocol": "TCP"} for port in SOURCES.values()]
    spec = {
        "podSelector": {"matchLabels": SELECTOR},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": namespaces(), "ports": [{"port": PORT, "protocol": "TCP"}]}],
        "egress": egress_of({"to": namespaces(NAMESPACE)[1:], "ports": ports}),
    }
    return network_policy(one.metadata(), spec)


def webhook_address(host: str) -> str:
    """Where Alertmanager sends its messages."""
    return f"http://{host}:{PORT}/webhooks/alertmanager"


def alertmanager_config(one: ClusterTracker) -> dict[str, Any]:
    """Routes as in ``deploy compose``; the one receiver is the tracker."""
    credentials = {"name": TOKENS, "key": REPORT}
    webhook = {
        "url": webhook_address(JOB),
        "sendResolved": True,
        "httpConfig": {"authorization": {"type": "Bearer", "credentials": credentials}},
    }
    page = {
        "receiver": JOB,
        "matchers": [_severity("page")],
        "groupWait": "0s",
        "repeatInterval": "1h",
    }
    return {
        "apiVersion": f"{OPERATOR.partition('/')[0]}/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": one.metadata(**one.monitor_labels),
        "spec": {
            "route": {
                "receiver": JOB,
                "groupBy": ["alertname", "model"],
                "groupWait": "30s",
                "groupInterval": "5m",
                "repeatInterval": "1d",
                "routes": [page],
            },
            "inhibitRules": [
                {
                    "sourceMatch": [_severity("page")],
                    "targetMatch": [_severity("ticket")],
                    "equal": ["alertname", "model", "version"],
                }
            ],
            "receivers": [{"name": JOB, "webhookConfigs": [webhook]}],
        },
    }


def _severity(value: str) -> dict[str, str]:
    return {"name": "severity", "value": value, "matchType": "="}


def pod_monitor(one: ClusterTracker) -> dict[str, Any]:
    """Its own metrics, which take the token of scope read."""
    key = {"type": "Bearer", "credentials": {"name": TOKENS, "key": READ}}
    return {
        "apiVersion": OPERATOR,
        "kind": "PodMonitor",
        "metadata": one.metadata(**one.monitor_labels),
        "spec": {
            "selector": {"matchLabels": SELECTOR},
            "podMetricsEndpoints": [
                {
                    "port": HTTP,
                    "path": "/metrics",
                    "interval": SCRAPE,
                    "authorization": key,
                    "relabelings": [{"targetLabel": "job", "replacement": JOB}],
                }
            ],
        },
    }


def rules(one: ClusterTracker) -> dict[str, Any]:
    """Alerts about the tracker itself."""
    return {
        "apiVersion": OPERATOR,
        "kind": "PrometheusRule",
        "metadata": one.metadata(**one.monitor_labels),
        "spec": rules_document([service_group()]),
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
