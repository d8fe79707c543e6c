"""The files of the tracker in a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml
from cluster_samples import TRACKER, check_schema, documents

from packager.deploy.kubernetes.cluster_tracker import ClusterTracker, stateful_set
from packager.deploy.kubernetes.tracker_overlays import tracker_files

KINDS = {"shop": "{}\n", "other": ""}
OPERATOR = ("PodMonitor", "PrometheusRule", "AlertmanagerConfig")


def objects(one: ClusterTracker = TRACKER) -> dict[str, dict[str, Any]]:
    files = tracker_files(one, KINDS)
    base = yaml.safe_load(files["base/kustomization.yaml"])
    listed = [made for name in base["resources"] for made in documents(files[f"base/{name}"])]
    assert len(base["resources"]) == len(listed)
    return {made["kind"]: made for made in listed}


def test_every_object_is_listed_and_fits_its_schema() -> None:
    made = objects()
    assert made.keys() == {"StatefulSet", "Service", "NetworkPolicy", *OPERATOR}
    for kind in made.keys() - set(OPERATOR):
        check_schema(made[kind])
    assert objects(replace(TRACKER, monitors=False)).keys() == made.keys() - set(OPERATOR)


def test_each_model_has_a_map_of_its_kinds_and_one_that_is_there_stays() -> None:
    files = tracker_files(TRACKER, KINDS)
    base = yaml.safe_load(files["base/kustomization.yaml"])
    maps = {one["name"]: one["files"] for one in base["configMapGenerator"]}
    assert maps == {"other-issues": ["kinds/other.json"], "shop-issues": ["kinds/shop.json"]}
    assert "base/kinds/shop.json" in files
    assert "base/kinds/other.json" not in files
    volumes = stateful_set(TRACKER, sorted(KINDS))["spec"]["template"]["spec"]["volumes"]
    (kinds,) = (one["projected"]["sources"] for one in volumes if "projected" in one)
    assert [one["configMap"]["name"] for one in kinds] == list(maps)
