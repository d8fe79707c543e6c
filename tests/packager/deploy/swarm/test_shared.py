"""The shared services of a stack: state on one host, files as configs and secrets."""

from __future__ import annotations

import pytest

from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.parts import PARTS
from packager.deploy.swarm.shared import inside, reader, shared_secrets, swarm_shared

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512, keys=True)
FLEET = Fleet({"shop": SHOP}, frozenset(PARTS))
CONFIGS = {"prometheus-rules-shop": "prometheus/rules/shop.yml", "issues-shop": "issues/shop.json"}


def test_every_volume_is_on_the_host_that_keeps_state() -> None:
    for name, service in swarm_shared(FLEET, {}).items():
        [volume] = [one for one in service["volumes"] if one["type"] == "volume"]
        assert volume["source"] == name
        deploy = service["deploy"]
        assert deploy["placement"]["constraints"] == ["node.labels.package.state == true"]
        assert deploy["update_config"]["order"] == "stop-first"
        assert (deploy["replicas"], deploy["endpoint_mode"]) == (1, "dnsrr")
        assert not {"mem_limit", "security_opt", "depends_on", "tmpfs"} & set(service)


def test_only_services_that_ask_who_one_is_have_a_port() -> None:
    published = {
        name: service["ports"][0]["published"]
        for name, service in swarm_shared(FLEET, {}).items()
        if "ports" in service
    }
    assert published == {
        "grafana": "${GRAFANA_PORT:-3100}",
        "issues": "${TRACKER_PORT:-3080}",
    }


def test_a_service_has_the_files_that_it_reads() -> None:
    shared = swarm_shared(FLEET, CONFIGS)
    assert [one["target"] for one in shared["prometheus"]["configs"]] == [
        "/etc/prometheus/rules/shop.yml"
    ]
    assert [one["target"] for one in shared["issues"]["configs"]] == ["/etc/issues/shop.json"]
    assert {one["source"] for one in shared["prometheus"]["secrets"]} == {
        "issues-metrics", "scrape-shop",
    }  # fmt: skip
    assert {one["source"] for one in shared["grafana"]["secrets"]} == {"grafana-admin"}
    used = {one["source"] for service in shared.values() for one in service.get("secrets", ())}
    assert used == {*shared_secrets(FLEET), "scrape-shop"}


def test_only_replicas_reach_redis_which_runs_as_its_image_s_user() -> None:
    redis = swarm_shared(FLEET, {})["redis"]
    assert (redis["networks"], redis["user"]) == (["models"], "999:1000")


def test_tests_of_rules_are_for_people() -> None:
    assert reader("prometheus/tests/shop.yml") is None
    assert reader("prometheus/rules/shop.yml") == "prometheus"
    with pytest.raises(KeyError):
        inside("stack.yml")
