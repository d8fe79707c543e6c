"""The InferenceService of a model: a custom predictor in Standard mode, and its canary."""

from __future__ import annotations

from typing import Any

from packager.deploy.kubernetes.workload import (
    Workload,
    container,
    pod,
    probe,
    spread,
)

API = "serving.kserve.io/v1beta1"
KIND = "InferenceService"
CONTAINER = "kserve-container"
"""The name by which KServe finds the server among a pod's containers."""
ANNOTATIONS = {
    "serving.kserve.io/deploymentMode": "Standard",
    "serving.kserve.io/autoscalerClass": "hpa",
}
READY, LIVE = "/v2/health/ready", "/v2/health/live"


def inference_service(
    work: Workload, predictor: str = "", canary: tuple[Workload, str, int] | None = None
) -> dict[str, Any]:
    """The object; ``predictor``: name of the stable predictor, empty for KServe's own.

    ``canary``: a version beside it, the name of its predictor, and its percentage of the requests.
    """
    stable = {
        **({"name": predictor} if predictor else {}),
        "labels": _labels(work),
        "minReplicas": 2,
        "maxReplicas": 6,
        "scaleMetric": "cpu",
        "scaleTarget": 70,
        "deploymentStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        **_pod(work),
    }
    spec: dict[str, Any] = {"predictor": stable}
    if canary is not None:
        spec["canary"] = [_canary(*canary)]
    return {
        "apiVersion": API,
        "kind": KIND,
        "metadata": {**work.metadata(), "annotations": ANNOTATIONS},
        "spec": spec,
    }


def _canary(work: Workload, predictor: str, percent: int) -> dict[str, Any]:
    """Its replicas are in proportion to the percentage; without requests there is one."""
    alone = {"minReplicas": 1} if percent == 0 else {}
    return {
        "trafficPercent": percent,
        "predictor": {"name": predictor, "labels": _labels(work), **alone, **_pod(work)},
    }


def _labels(work: Workload) -> dict[str, str]:
    return {**work.labels, "app.kubernetes.io/version": work.version}


def _pod(work: Workload) -> dict[str, Any]:
    """The pod of the predictor, with the probes of the Open Inference Protocol."""
    server = container(work)
    server["name"] = CONTAINER
    # KServe reads from it which protocol a custom predictor has.
    server["env"].append({"name": "PROTOCOL", "value": "v2"})
    server["startupProbe"] = probe(READY, period=2, failures=150)
    server["readinessProbe"] = probe(READY, period=5, failures=3)
    server["livenessProbe"] = probe(LIVE, period=10, failures=6)
    return {**pod(work), "containers": [server], "topologySpreadConstraints": [spread(work)]}


def replicas_patch(work: Workload, fewest: int, most: int) -> dict[str, Any]:
    """The patch of an overlay: least and most replicas of a stage."""
    return {
        "apiVersion": API,
        "kind": KIND,
        "metadata": {"name": work.name},
        "spec": {"predictor": {"minReplicas": fewest, "maxReplicas": most}},
    }
