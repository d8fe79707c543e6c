from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from cluster_samples import WORK, unrestricted
from kserve_samples import check_service, pod_of, unknown

from packager.deploy.kserve.service import inference_service, replicas_patch
from packager.deploy.kubernetes.network import policies
from packager.deploy.kubernetes.workload import container

NEW = replace(WORK, version="2.0.0-abc", image=f"$REGISTRY/shop@sha256:{'1' * 64}")
PREDICTORS = [(), ("c0000", None), ("", (NEW, "c1111", 10)), ("c0000", (NEW, "c1111", 0))]


@pytest.mark.slow
@pytest.mark.parametrize("asked", PREDICTORS)
@pytest.mark.parametrize("keys", [False, True])
@pytest.mark.sample(4)
def test_the_service_fits_kserves_models_and_its_pods_those_of_kubernetes(
    asked: tuple[Any, ...], keys: bool
) -> None:
    check_service(inference_service(replace(WORK, keys=keys), *asked))


@pytest.mark.parametrize(
    ("at", "key", "told"),
    [
        ((), "cannary", ".spec.cannary: unknown key"),
        (("predictor",), "minReplica", ".spec.predictor.minReplica: unknown key"),
    ],
)
def test_a_misspelt_key_does_not_fit(at: tuple[str, ...], key: str, told: str) -> None:
    made = copy.deepcopy(inference_service(WORK))
    place = made["spec"]
    for name in at:
        place = place[name]
    place[key] = 1
    assert unknown(made, "V1beta1InferenceService") == [told]


def test_the_pods_satisfy_the_restricted_standard() -> None:
    made = inference_service(WORK, "", (NEW, "c1111", 10))["spec"]
    for predictor in (made["predictor"], made["canary"][0]["predictor"]):
        assert unrestricted(pod_of(predictor)) == []
        assert predictor["automountServiceAccountToken"] is False


def test_kserve_finds_the_server_and_its_protocol() -> None:
    (one,) = inference_service(WORK)["spec"]["predictor"]["containers"]
    assert one["name"] == "kserve-container"
    assert {"name": "PROTOCOL", "value": "v2"} in one["env"]
    assert one["startupProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert one["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert one["livenessProbe"]["httpGet"]["path"] == "/v2/health/live"
    assert one["resources"] == container(WORK)["resources"]


def test_monitor_and_policy_select_the_pods_of_both_versions() -> None:
    made = inference_service(WORK, "", (NEW, "c1111", 10))["spec"]
    for predictor in (made["predictor"], made["canary"][0]["predictor"]):
        assert policies(WORK)[0]["spec"]["podSelector"]["matchLabels"].items() <= (
            predictor["labels"].items()
        )


def test_replicas_follow_the_processor_and_a_rollout_ends_none_too_early() -> None:
    made = inference_service(WORK)
    predictor = made["spec"]["predictor"]
    assert made["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "hpa"
    assert (predictor["scaleMetric"], predictor["scaleTarget"]) == ("cpu", 70)
    assert predictor["deploymentStrategy"]["rollingUpdate"]["maxUnavailable"] == 0
    patched = replicas_patch(WORK, 2, 6)
    assert unknown(patched, "V1beta1InferenceService") == []
    assert patched["spec"]["predictor"] == {"minReplicas": 2, "maxReplicas": 6}


def test_a_canary_is_not_scaled_by_itself_and_has_a_pod_without_requests() -> None:
    for percent, replicas in ((0, 1), (10, None)):
        (one,) = inference_service(WORK, "", (NEW, "c1111", percent))["spec"]["canary"]
        assert one["trafficPercent"] == percent
        assert one["predictor"].get("minReplicas") == replicas
        assert "scaleMetric" not in one["predictor"]
        assert one["predictor"]["containers"][0]["image"] == NEW.image
