"""Configuration of Prometheus, Alertmanager and Grafana, for the models and parts there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from packager.deploy import configuration
from packager.deploy.fleet import DeployedModel, Fleet, UpdateCandidate
from packager.deploy.parts import ALERTMANAGER, GATEWAY, GRAFANA, TRACKER

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)


def fleet_of(*members: DeployedModel, without: tuple[str, ...] = ()) -> Fleet:
    return Fleet({one.name: one for one in members}).with_parts((), without)


def job(fleet: Fleet, name: str) -> Any:
    (found,) = [
        one for one in configuration.prometheus(fleet)["scrape_configs"] if one["job_name"] == name
    ]
    return found


def test_both_slots_are_scraped_while_an_update_is_under_way() -> None:
    updated = replace(SHOP, slot="green", candidate=UpdateCandidate("2", "shop:2", 512))
    for member, names in (
        (SHOP, ["model-shop-blue"]),
        (replace(SHOP, slot="green"), ["model-shop-green"]),
        (updated, ["model-shop-green", "model-shop-blue"]),
    ):
        assert job(fleet_of(member), "shop")["dns_sd_configs"][0]["names"] == names


def test_keys_and_time_scale_are_of_the_model_that_has_them() -> None:
    drilled = replace(SHOP, name="drilled", time_scale=15, keys=True)
    fleet = fleet_of(SHOP, drilled)
    assert "authorization" not in job(fleet, "shop")
    assert "scrape_interval" not in job(fleet, "shop")
    assert job(fleet, "drilled")["authorization"]["credentials_file"] == "keys/drilled.key"
    assert job(fleet, "drilled")["scrape_interval"] == "2s"


def test_every_proxy_is_scraped_as_one_job() -> None:
    fleet = fleet_of(SHOP, replace(SHOP, name="prices"))
    (found,) = job(fleet, "_proxy")["dns_sd_configs"]
    assert (found["names"], found["port"]) == (["proxy-prices", "proxy-shop"], 8404)


def test_the_gateway_is_scraped_beside_the_proxies_where_there_is_one() -> None:
    found = job(fleet_of(SHOP).with_parts([GATEWAY], ()), "_proxy")
    assert found["dns_sd_configs"][0]["names"] == ["proxy-shop", "gateway"]
    assert {one["replacement"] for one in found["relabel_configs"]} == {"shop", "_gateway"}


def test_prometheus_knows_only_parts_that_are_there() -> None:
    assert "alerting" in configuration.prometheus(fleet_of(SHOP))
    less = fleet_of(SHOP, without=(ALERTMANAGER, GRAFANA, TRACKER))
    document = configuration.prometheus(less)
    assert "alerting" not in document
    assert [one["job_name"] for one in document["scrape_configs"]] == ["shop", "_proxy"]


def test_alerts_go_to_the_tracker_or_to_nobody() -> None:
    (receiver,) = configuration.alertmanager(fleet_of(SHOP))["receivers"]
    assert receiver["webhook_configs"][0]["send_resolved"] is True
    alone = configuration.alertmanager(fleet_of(SHOP, without=(TRACKER,)))
    assert alone["receivers"] == [{"name": alone["route"]["receiver"]}]


def test_alertmanager_waits_by_the_largest_time_scale() -> None:
    fleet = fleet_of(SHOP, replace(SHOP, name="drilled", time_scale=60))
    route = configuration.alertmanager(fleet)["route"]
    assert route["group_interval"] == "5s"
    assert configuration.alertmanager(fleet_of(SHOP))["route"]["group_interval"] == "5m"


def test_the_dashboards_data_source_is_the_one_that_is_provisioned() -> None:
    (source,) = configuration.datasource()["datasources"]
    (provider,) = configuration.dashboard_provider()["providers"]
    assert (source["uid"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
