from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from cluster_samples import WORK, check_schema, documents, unrestricted

from packager.deploy.kubernetes.files import kubernetes_files

RULES = {"groups": [{"name": "shop", "rules": [{"record": "a", "expr": "b"}]}]}
OPERATOR = ("PodMonitor", "PrometheusRule")


def made(**changes: Any) -> dict[str, str]:
    dashboards = {"shop.json": '{"title": "shop"}\n', "models-fleet.json": "{}\n"}
    return kubernetes_files(replace(WORK, **changes), RULES, dashboards)


@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"keys": True}, {"redis": "redis://store:6379/0"}, {"monitors": False}),
        {"companion": f"h/shop-companion@sha256:{'1' * 64}"},
    ],
)
def test_every_object_is_listed_and_fits_its_schema(changes: dict[str, Any]) -> None:
    files = made(**changes)
    base = yaml.safe_load(files["base/kustomization.yaml"])
    names = {name.removeprefix("base/") for name in files if name.startswith("base/")}
    shown = {file for one in base["configMapGenerator"] for file in one["files"]}
    assert {*base["resources"], *shown, "kustomization.yaml"} == names
    for name in base["resources"]:
        for one in documents(files[f"base/{name}"]):
            if one["kind"] not in OPERATOR:
                check_schema(one)
            job = one.get("spec", {}).get("jobTemplate", one)
            template = job.get("spec", {}).get("template")
            if template is not None:
                assert unrestricted(template["spec"]) == []


def test_the_same_model_gives_the_same_bytes_and_no_file_holds_a_secret() -> None:
    assert made(keys=True) == made(keys=True)
    kinds = {one["kind"] for text in made(keys=True).values() for one in _objects(text)}
    assert "Secret" not in kinds


def _objects(text: str) -> list[dict[str, Any]]:
    found = [one for one in yaml.safe_load_all(text) if isinstance(one, dict)]
    return [one for one in found if "kind" in one]


def test_an_overlay_names_the_secrets_and_replicas_of_its_stage() -> None:
    overlay = yaml.safe_load(made(keys=True)["overlays/prod/kustomization.yaml"])
    assert overlay["namespace"] == "models-prod"
    assert [one["name"] for one in overlay["secretGenerator"]] == [
        "shop-feedback",
        "shop-keys",
        "shop-scrape",
    ]
    (patch,) = overlay["patches"]
    assert yaml.safe_load(patch["patch"])["spec"] == {"minReplicas": 2, "maxReplicas": 6}
    dev = yaml.safe_load(made()["overlays/dev/kustomization.yaml"])
    assert yaml.safe_load(dev["patches"][0]["patch"])["spec"]["minReplicas"] == 1
    assert made()["overlays/.gitignore"] == "secrets/\n"


def test_grafana_finds_the_dashboard_by_its_label() -> None:
    maps = yaml.safe_load(made()["base/kustomization.yaml"])["configMapGenerator"]
    assert {one["name"]: one["files"] for one in maps} == {
        "shop-dashboard": ["dashboards/shop.json"],
        "shop-models-fleet-dashboard": ["dashboards/models-fleet.json"],
    }
    for one in maps:
        assert one["options"]["labels"] == {**WORK.labels, "grafana_dashboard": "1"}
    assert json.loads(made()["base/dashboards/shop.json"]) == {"title": "shop"}


def test_what_a_person_will_change_has_a_comment() -> None:
    files = made(keys=True)
    assert "# No limit: throttling slows every request." in files["base/deployment.yaml"]
    assert "# The namespaces of your ingress" in files["base/network-policy.yaml"]
    assert "secrets/feedback.key" in files["overlays/dev/kustomization.yaml"]


def test_without_the_operator_no_object_is_of_its_kinds() -> None:
    kinds = {one["kind"] for text in made(monitors=False).values() for one in _objects(text)}
    assert not kinds & set(OPERATOR)
    assert "Deployment" in kinds


def test_a_schedule_tests_the_companion_alone() -> None:
    companion = f"h/shop-companion@sha256:{'1' * 64}"
    job, alone = documents(made(companion=companion, every="week")["base/schedule.yaml"])
    assert job["spec"]["schedule"] == "17 4 * * 1"
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == companion
    selector = alone["spec"]["podSelector"]["matchLabels"]
    assert selector.items() <= template["metadata"]["labels"].items()
    assert not WORK.selector.items() <= template["metadata"]["labels"].items()
    assert alone["spec"].keys() & {"ingress", "egress"} == set()
    assert "schedule.yaml" not in made()["base/kustomization.yaml"]


def test_the_store_of_labels_can_be_pinned() -> None:
    (redis, _) = documents(made()["base/redis.yaml"])
    (pinned, _) = documents(made(pins={"redis": "redis@sha256:1"})["base/redis.yaml"])
    images = [one["spec"]["template"]["spec"]["containers"][0]["image"] for one in (redis, pinned)]
    assert images == ["redis:7.2-alpine", "redis@sha256:1"]
