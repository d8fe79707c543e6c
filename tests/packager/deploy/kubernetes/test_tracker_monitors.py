"""Alertmanager's route to the tracker, and the tokens by their names."""

from __future__ import annotations

import json

import yaml
from cluster_samples import TRACKER

from packager.deploy.configuration import alertmanager
from packager.deploy.fleet import Fleet
from packager.deploy.kubernetes.tracker_monitors import alertmanager_config, pod_monitor
from packager.deploy.kubernetes.tracker_overlays import tracker_files

KINDS = {"shop": "{}\n"}


def test_alerts_are_routed_as_on_one_host() -> None:
    spec, host = alertmanager_config(TRACKER)["spec"], alertmanager(Fleet({}))["route"]
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
    overlay = yaml.safe_load(tracker_files(TRACKER, KINDS)["overlays/prod/kustomization.yaml"])
    (patch,) = overlay["patches"]
    (change,) = json.loads(patch["patch"])
    assert change["path"] == "/spec/receivers/0/webhookConfigs/0/url"
    assert change["value"] == webhook["url"].replace("issues:", "issues.models-prod:")
    assert webhook["url"] == "http://issues:3080/webhooks/alertmanager"


def test_secrets_are_named_in_no_file_but_by_name() -> None:
    overlay = yaml.safe_load(tracker_files(TRACKER, KINDS)["overlays/prod/kustomization.yaml"])
    (tokens,) = overlay["secretGenerator"]
    assert overlay["namespace"] == "models-prod"
    assert tokens["files"] == ["secrets/report.token", "secrets/read.token"]
    webhook = alertmanager_config(TRACKER)["spec"]["receivers"][0]["webhookConfigs"][0]
    (endpoint,) = pod_monitor(TRACKER)["spec"]["podMetricsEndpoints"]
    used = {
        one["authorization"]["credentials"]["key"]: one["authorization"]["credentials"]["name"]
        for one in (webhook["httpConfig"], endpoint)
    }
    assert used == {"report.token": tokens["name"], "read.token": tokens["name"]}
    assert tokens["options"]["disableNameSuffixHash"] is True
