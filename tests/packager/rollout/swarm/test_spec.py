"""Specifications of an update: what changes in a service, and what a candidate is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from packager.errors import PackageError
from packager.rollout.swarm.spec import (
    NewVersion,
    alias_of,
    candidate_spec,
    replicas_of,
    rolling_seconds,
    router_spec,
    scaled,
    shadow_spec,
    start_seconds,
    updated_spec,
    without_shadow,
)

SECOND = 1_000_000_000
SERVICE: dict[str, Any] = {
    "ID": "a",
    "Spec": {
        "Name": "s_model-shop",
        "Labels": {"package.model": "shop", "package.version": "1", "mine": "x"},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "shop:1",
                "StopGracePeriod": 45 * SECOND,
                "Healthcheck": {
                    "Interval": 5 * SECOND,
                    "Timeout": 20 * SECOND,
                    "StartPeriod": 240 * SECOND,
                    "Retries": 6,
                },
                "Secrets": [{"SecretName": "feedback-shop-1"}],
            },
            "Resources": {
                "Limits": {"MemoryBytes": 512 << 20, "Pids": 4096},
                "Reservations": {"MemoryBytes": 256 << 20},
            },
            "Networks": [{"Target": "n", "Aliases": ["model-shop"]}],
        },
        "Mode": {"Replicated": {"Replicas": 2}},
        "UpdateConfig": {"Monitor": 30 * SECOND, "Delay": 5 * SECOND},
    },
}
NEW = NewVersion("2", "shop:2", 512, 768)


def test_an_update_changes_image_version_and_memory_and_nothing_else() -> None:
    before = copy.deepcopy(SERVICE)
    spec = updated_spec(SERVICE, NEW)
    assert before == SERVICE
    assert spec["Labels"] == {
        "package.model": "shop",
        "package.version": "2",
        "mine": "x",
        "com.docker.stack.image": "shop:2",
    }
    task = spec["TaskTemplate"]
    assert task["Resources"]["Limits"] == {"MemoryBytes": 768 << 20, "Pids": 4096}
    assert task["Resources"]["Reservations"] == {"MemoryBytes": 384 << 20}
    task["ContainerSpec"]["Image"] = "shop:1"
    assert task["ContainerSpec"] == SERVICE["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert spec["UpdateConfig"] == SERVICE["Spec"]["UpdateConfig"]


def test_a_memory_limit_that_somebody_chose_stays() -> None:
    service = copy.deepcopy(SERVICE)
    service["Spec"]["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] = 2 << 30
    resources = updated_spec(service, NEW)["TaskTemplate"]["Resources"]
    assert resources["Limits"]["MemoryBytes"] == 2 << 30


def test_a_candidate_has_another_name_so_that_no_proxy_finds_it() -> None:
    spec = candidate_spec(SERVICE, NEW)
    assert spec["Name"] == "s_model-shop-candidate"
    assert spec["TaskTemplate"]["Networks"][0]["Aliases"] == ["model-shop-candidate"]
    assert "package.model" not in spec["Labels"]
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["TaskTemplate"]["RestartPolicy"] == {"Condition": "none"}
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert container["Secrets"] == [{"SecretName": "feedback-shop-1"}]


def test_a_service_of_no_stack_is_refused() -> None:
    service = copy.deepcopy(SERVICE)
    service["Spec"]["TaskTemplate"]["Networks"] = [{"Target": "n"}]
    with pytest.raises(PackageError, match="s_model-shop: expected a name in the stack's network"):
        alias_of(service)
    assert alias_of(SERVICE) == "model-shop"


def test_time_is_enough_for_the_slowest_start_that_is_no_failure() -> None:
    assert start_seconds(SERVICE) == 240 + 6 * 25 + 60
    assert rolling_seconds(SERVICE) == 2 * (450 + 35 + 45)


@pytest.mark.parametrize("key", [None, ("id", "scrape-shop-1")])
def test_a_shadow_is_variables_and_a_key_and_leaves_nothing(key: tuple[str, str] | None) -> None:
    before = copy.deepcopy(SERVICE)
    before["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] = ["MODEL_PORT=3000"]
    spec = shadow_spec(before, "http://model-shop-candidate:3000", key)
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert "MODEL_SHADOW=http://model-shop-candidate:3000" in container["Env"]
    token = "MODEL_SHADOW_TOKEN_FILE=/run/keys/shadow.key"
    assert (token in container["Env"]) == (key is not None)
    assert len(container["Secrets"]) == (2 if key else 1)
    assert without_shadow(spec) == before["Spec"]
    assert updated_spec({"Spec": spec}, NEW) == updated_spec(before, NEW)
    again = shadow_spec({"Spec": spec}, "http://model-shop-candidate:3000", key)
    assert again == spec, "a killed update may have left one"


def test_a_shadow_of_somebody_else_stays() -> None:
    service = copy.deepcopy(SERVICE)
    service["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] = ["MODEL_SHADOW=http://mine"]
    assert without_shadow(service["Spec"]) == service["Spec"]


def test_a_router_has_the_proxy_s_settings_without_its_ports() -> None:
    file = {"Name": "/usr/local/etc/haproxy/haproxy.cfg", "Mode": 0o444}
    proxy: dict[str, Any] = copy.deepcopy(SERVICE)
    proxy["Spec"] |= {"Name": "s_proxy-shop", "EndpointSpec": {"Ports": [{"TargetPort": 3000}]}}
    container = proxy["Spec"]["TaskTemplate"]["ContainerSpec"]
    container["Configs"] = [{"ConfigID": "c", "ConfigName": "proxy-shop-1", "File": file}]
    spec = router_spec(SERVICE, proxy, ("d", "canary-1"), 2)
    assert spec["Name"] == "s_model-shop-canary"
    assert spec["EndpointSpec"] == {"Mode": "dnsrr"}
    task = spec["TaskTemplate"]
    assert task["Networks"] == [{"Target": "n", "Aliases": ["model-shop-canary"]}]
    assert task["ContainerSpec"]["Configs"] == [
        {"ConfigID": "d", "ConfigName": "canary-1", "File": file}
    ]
    assert replicas_of({"Spec": spec}) == 2
    assert replicas_of({"Spec": scaled({"Spec": spec}, 0)}) == 0
