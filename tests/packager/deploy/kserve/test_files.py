from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from cluster_samples import check_schema, documents
from kserve_samples import check_service

from packager.deploy.kserve.files import kserve_files
from packager.deploy.kserve.versions import PredictorVersion, PredictorVersions
from packager.deploy.kubernetes.deploy import ClusterOptions

pytestmark = pytest.mark.slow

RULES = {"groups": [{"name": "shop", "rules": [{"record": "a", "expr": "b"}]}]}
STABLE = PredictorVersion("1.0.0", f"h/shop@sha256:{'0' * 64}", 1024, 2, False)
CANARY = PredictorVersion("2.0.0", f"h/shop@sha256:{'1' * 64}", 2048, 2, False, "c11111111")
CLUSTER = ClusterOptions("", "", False, {})
OPERATOR = ("PodMonitor", "PrometheusRule")

DASHBOARDS = {"shop.json": '{"title": "shop"}\n'}


def made(
    canary: PredictorVersion | None = None, *, keys: bool = False, **changes: Any
) -> dict[str, str]:
    versions = PredictorVersions("shop", STABLE, canary, 10 if canary else 0, keys)
    return kserve_files(versions, replace(CLUSTER, **changes), RULES, DASHBOARDS)


@pytest.mark.parametrize(
    "changes", [{}, {"keys": True}, {"redis": "redis://s:1/0"}, {"monitors": False}]
)
@pytest.mark.parametrize("canary", [None, CANARY])
@pytest.mark.sample(4)
def test_every_object_is_listed_and_fits_its_schema(
    canary: PredictorVersion | None, changes: dict[str, Any]
) -> None:
    files = made(canary, **changes)
    base = yaml.safe_load(files["base/kustomization.yaml"])
    names = {name.removeprefix("base/") for name in files if name.startswith("base/")}
    shown = {file for one in base["configMapGenerator"] for file in one["files"]}
    assert {*base["resources"], *shown, "kustomization.yaml"} == names
    for name in base["resources"]:
        for one in documents(files[f"base/{name}"]):
            if one["kind"] == "InferenceService":
                check_service(one)
            elif one["kind"] not in OPERATOR:
                check_schema(one)


def test_secrets_keep_their_names_for_the_service() -> None:
    files = made(keys=True)
    overlay = yaml.safe_load(files["overlays/prod/kustomization.yaml"])
    names = {one["name"]: one["options"] for one in overlay["secretGenerator"]}
    assert all(one["disableNameSuffixHash"] for one in names.values())
    service = yaml.safe_load(files["base/inference-service.yaml"])
    volumes = service["spec"]["predictor"]["volumes"]
    used = {one["secret"]["secretName"] for one in volumes if "secret" in one}
    assert used | {"shop-scrape"} == set(names)
    (patch,) = overlay["patches"]
    assert yaml.safe_load(patch["patch"])["spec"]["predictor"]["maxReplicas"] == 6
    assert "kubectl rollout restart" in files["overlays/dev/kustomization.yaml"]


def test_what_a_person_will_change_has_a_comment() -> None:
    text = made(CANARY)["base/inference-service.yaml"]
    assert "# No limit: throttling slows every request." in text
    assert "#   imagePullSecrets: [{name: registry}]" in text
    assert "# Of the requests. To promote it or to end it: docs/kserve.md." in text


def test_the_same_versions_give_the_same_bytes_and_no_file_holds_a_secret() -> None:
    assert made(CANARY, keys=True) == made(CANARY, keys=True)
    assert not [text for text in made(keys=True).values() if "kind: Secret" in text]


def test_without_the_operator_no_object_is_of_its_kinds() -> None:
    assert not {"base/pod-monitor.yaml", "base/rules.yaml"} & set(made(monitors=False))
