"""The files of one model for KServe, below its folder: a kustomize base and two overlays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from packager.deploy.kserve.service import inference_service, replicas_patch
from packager.deploy.kserve.versions import PredictorVersion, PredictorVersions
from packager.deploy.kubernetes.deploy import ClusterOptions
from packager.deploy.kubernetes.files import Objects, base_files, shared_objects
from packager.deploy.kubernetes.overlays import overlay_files
from packager.deploy.kubernetes.workload import Workload

PREDICTOR = "spec > predictor"
COMMENTS = {
    "metadata > annotations": "Deployments of Kubernetes: Prometheus can't scrape Knative's pods, "
    "and\nspec.canary needs this mode. KServe refuses a change of the mode of an existing service.",
    f"{PREDICTOR} > minReplicas": "The overlays change both.",
    f"{PREDICTOR} > scaleTarget": "Percent of the requested processor time.",
    f"{PREDICTOR} > volumes > secret > defaultMode": "0440, for the pod's group.",
    f"{PREDICTOR} > containers > image": "A registry that requires a login: add beside containers\n"
    "  imagePullSecrets: [{name: registry}]",
    f"{PREDICTOR} > containers > resources > requests > cpu": "No limit: throttling slows every "
    "request.",
    f"{PREDICTOR} > containers > resources > limits": "What the workers, the model and the largest "
    "requests need: `docs/serving.md`, Memory.",
    f"{PREDICTOR} > containers > startupProbe": "Five minutes to load the model.",
}
CANARY_COMMENT = {
    "spec > canary > trafficPercent": "Of the requests. To promote it or to end it: docs/kserve.md."
}


def kserve_files(
    versions: PredictorVersions,
    cluster: ClusterOptions,
    rules: Mapping[str, Any],
    dashboards: Mapping[str, str],
) -> dict[str, str]:
    """Path → content, below the model's folder; deterministic, and without a secret.

    ``rules``: the model's rule file as a document; ``dashboards``: file → JSON of Grafana's.
    """
    work = workload(versions, versions.stable, cluster)
    canary, comments = None, COMMENTS
    if versions.canary is not None:
        beside = workload(versions, versions.canary, cluster)
        canary = (beside, versions.canary.predictor, versions.percent)
        comments = {**COMMENTS, **CANARY_COMMENT}
    service = inference_service(work, versions.stable.predictor, canary)
    if canary is not None and canary[0].grpc:
        work = replace(work, grpc=True)  # the policy is that of both
    objects: Objects = {
        "inference-service.yaml": ([service], comments),
        **shared_objects(work, rules),
    }
    return {
        **base_files(work, "kserve", objects, dashboards),
        # Kustomize does not follow the names of secrets into an InferenceService.
        **overlay_files(work, partial(replicas_patch, work), hashed=False),
    }


def workload(
    versions: PredictorVersions, one: PredictorVersion, cluster: ClusterOptions
) -> Workload:
    """One of the versions, as Kubernetes runs it."""
    return Workload(
        model=versions.model,
        version=one.version,
        image=one.image,
        memory_mib=one.memory_mib,
        workers=one.workers,
        network=one.network,
        grpc=one.grpc,
        redis=cluster.redis,
        keys=versions.keys,
        monitor_labels=cluster.monitor_labels,
        monitors=cluster.monitors,
        pins=cluster.pins,
    )
