"""The issue tracker in a cluster: one volume, no privilege, Alertmanager's receiver."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import yaml
from cluster_samples import check_schema, documents, unrestricted

from packager.deploy.configuration import alertmanager
from packager.deploy.fleet import Fleet
from packager.deploy.kubernetes.cluster_tracker import (
    ClusterTracker,
    alertmanager_config,
    pod_monitor,
    policy,
    stateful_set,
    tracker_files,
)

ONE = ClusterTracker(
    f"$REGISTRY/package-issues@sha256:{'1' * 64}", monitor_labels={"release": "prom"}
)
KINDS = {"shop": "{}\n", "other": ""}
OPERATOR = ("PodMonitor", "PrometheusRule", "AlertmanagerConfig")


def objects(one: ClusterTracker = ONE) -> dict[str, dict[str, Any]]:
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
    assert objects(replace(ONE, monitors=False)).keys() == made.keys() - set(OPERATOR)


def test_the_pod_is_restricted_and_writes_to_its_one_volume_only() -> None:
    spec = stateful_set(ONE, ["shop"])["spec"]
    pod = spec["template"]["spec"]
    assert unrestricted(pod) == []
    assert pod["securityContext"]["runAsUser"] == 65532
    assert spec["replicas"] == 1
    assert [one["metadata"]["name"] for one in spec["volumeClaimTemplates"]] == ["state"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    written = {
        one["name"]: one["mountPath"] for one in container["volumeMounts"] if "readOnly" not in one
    }
    assert written == {"state": "/state", "tmp": "/tmp"}


def test_each_model_has_a_map_of_its_kinds_and_one_that_is_there_stays() -> None:
    files = tracker_files(ONE, KINDS)
    base = yaml.safe_load(files["base/kustomization.yaml"])
    maps = {one["name"]: one["files"] for one in base["configMapGenerator"]}
    assert maps == {"other-issues": ["kinds/other.json"], "shop-issues": ["kinds/shop.json"]}
    assert "base/kinds/shop.json" in files
    assert "base/kinds/other.json" not in files
    volumes = stateful_set(ONE, sorted(KINDS))["spec"]["template"]["spec"]["volumes"]
    (kinds,) = (one["projected"]["sources"] for one in volumes if "projected" in one)
    assert [one["configMap"]["name"] for one in kinds] == list(maps)


def test_alerts_are_routed_as_on_one_host() -> None:
    spec, host = alertmanager_config(ONE)["spec"], alertmanager(Fleet({}))["route"]
    route = spec["route"]
    names = {"groupBy": "group_by", "groupWait": "group_wait", "groupInterval": "group_interval"}
    names["repeatInterval"] = "repeat_interval"
    assert {key: route[key] for key in names} == {key: host[old] for key, old in names.items()}
    (page,), (host_page,) = route["routes"], host["routes"]
    assert page["groupWait"] == host_page["group_wait"]
    assert page["repeatInterval"] == host_page["repeat_interval"]
    (receiver,) = spec["receivers"]
    (webhook,) = receiver["webhookConfigs"]
    assert (receiver["name"], webhook["sendResolved"]) == (route["receiver"], True)
    overlay = yaml.safe_load(tracker_files(ONE, KINDS)["overlays/prod/kustomization.yaml"])
    (patch,) = overlay["patches"]
    (change,) = json.loads(patch["patch"])
    assert change["path"] == "/spec/receivers/0/webhookConfigs/0/url"
    assert change["value"] == webhook["url"].replace("issues:", "issues.models-prod:")
    assert webhook["url"] == "http://issues:3080/webhooks/alertmanager"


def test_secrets_are_named_in_no_file_but_by_name() -> None:
    overlay = yaml.safe_load(tracker_files(ONE, KINDS)["overlays/prod/kustomization.yaml"])
    (tokens,) = overlay["secretGenerator"]
    assert overlay["namespace"] == "models-prod"
    assert tokens["files"] == ["secrets/report.token", "secrets/read.token"]
    webhook = alertmanager_config(ONE)["spec"]["receivers"][0]["webhookConfigs"][0]
    (endpoint,) = pod_monitor(ONE)["spec"]["podMetricsEndpoints"]
    used = {
        one["authorization"]["credentials"]["key"]: one["authorization"]["credentials"]["name"]
        for one in (webhook["httpConfig"], endpoint)
    }
    assert used == {"report.token": tokens["name"], "read.token": tokens["name"]}
    assert tokens["options"]["disableNameSuffixHash"] is True


def test_it_reaches_names_prometheus_and_alertmanager_only() -> None:
    names, sources = policy(ONE)["spec"]["egress"]
    assert {one["port"] for one in names["ports"]} == {53}
    assert {one["port"] for one in sources["ports"]} == {9090, 9093}
    labels = [one["namespaceSelector"]["matchLabels"] for one in sources["to"]]
    assert labels == [{"kubernetes.io/metadata.name": "monitoring"}]
