"""Servers and their replicas, and the jobs that scrape them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from deployed_models import written

from packager.deploy.fleet import DeployedModel, Fleet, UpdateCandidate
from packager.errors import UsageError


def test_every_replica_is_scraped_under_the_job_that_alerts_ask_for(tmp_path: Path) -> None:
    out = written(tmp_path)
    jobs = yaml.safe_load((out / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    job = next(one for one in jobs if one["job_name"] == "diamonds-cut")
    assert job["dns_sd_configs"][0]["type"] == "A"
    assert job["dns_sd_configs"][0]["names"] == ["model-diamonds-cut-blue"]
    rules = (out / "prometheus/rules/diamonds-cut.yml").read_text()
    assert f'up{{job="{job["job_name"]}"}}' in rules


def test_names_no_host_could_have_still_name_services() -> None:
    names = ["a.b", "a_b", "a-b", "x" * 100, "x" * 99, "prometheus", "grafana"]
    fleet = Fleet({})
    for name in names:
        fleet = fleet.with_model(DeployedModel(name, "1", "image:1", 0, 512))
    services = {one.service for one in fleet.sorted()}
    assert len(services) == len(names)
    assert all(re.fullmatch("[a-z0-9-]{1,63}", service) for service in services)
    for place in range(30):
        fleet = fleet.with_model(DeployedModel(f"m{place}", "1", "image:1", 0, 512))
    taken = [port for one in fleet.sorted() for port in range(one.port, one.port + 10)]
    assert len(set(taken)) == len(taken)
    assert 3100 not in taken
    assert Fleet.of(json.loads(json.dumps(fleet.notes))) == fleet


def test_a_model_keeps_its_port_until_another_is_asked_for() -> None:
    fleet = Fleet({}).with_model(DeployedModel("shop", "1", "shop:1", 21000, 512))
    again = fleet.with_model(DeployedModel("shop", "2", "shop:2", 0, 512))
    assert again.members["shop"].port == 21000
    moved = again.with_model(DeployedModel("shop", "2", "shop:2", 22000, 512))
    assert moved.members["shop"].port == 22000
    assert (
        moved.with_model(DeployedModel("other", "1", "o:1", 0, 512)).members["other"].port == 3000
    )


@pytest.mark.parametrize("port", [80, -1, 65_526])
def test_a_port_that_no_model_can_have_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match=f"--port: expected 1024 to 65525, got {port}"):
        Fleet({}).with_model(DeployedModel("shop", "1", "shop:1", port, 512))


@pytest.mark.parametrize("port", [2991, 3000, 3009])
def test_ports_of_another_model_are_refused(port: int) -> None:
    fleet = Fleet({}).with_model(DeployedModel("shop", "1", "shop:1", 0, 512))
    with pytest.raises(UsageError) as told:
        fleet.with_model(DeployedModel("other", "1", "other:1", port, 512))
    assert told.value.message == (
        f"--port {port}: expected 10 free ports from that one on, got those of shop, which begin "
        "at 3000"
    )


def test_ports_that_are_chosen_here_avoid_those_that_were_asked_for() -> None:
    fleet = Fleet({}).with_model(DeployedModel("shop", "1", "shop:1", 3005, 512))
    assert (
        fleet.with_model(DeployedModel("other", "1", "o:1", 0, 512)).members["other"].port == 3020
    )


def test_another_version_keeps_slot_keys_and_network() -> None:
    first = DeployedModel("shop", "1", "shop:1", 0, 512, keys=True, network=True, slot="green")
    fleet = Fleet({"shop": replace(first, port=3000)})
    joined = fleet.with_model(DeployedModel("shop", "2", "shop:2", 0, 512)).members["shop"]
    assert (joined.slot, joined.keys, joined.network) == ("green", True, True)
    assert (joined.image, joined.port) == ("shop:2", 3000)


def test_a_model_whose_update_is_under_way_is_not_replaced() -> None:
    updated = DeployedModel(
        "shop", "1", "s:1", 3000, 512, candidate=UpdateCandidate("2", "s:2", 512)
    )
    with pytest.raises(UsageError, match="shop: expected a folder without an update under way"):
        Fleet({"shop": updated}).with_model(DeployedModel("shop", "3", "s:3", 0, 512))
