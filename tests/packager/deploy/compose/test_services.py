"""The services of one model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from packager.deploy.compose.services import literal, model_services, model_volumes
from packager.deploy.fleet import DeployedModel, UpdateCandidate

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512, replicas=3)
UPDATED = replace(SHOP, candidate=UpdateCandidate("2", "shop:2", 512))


def test_a_slot_that_is_empty_has_no_service() -> None:
    assert set(model_services(SHOP, {})) == {
        "state-shop", "model-shop-blue", "state-proxy-shop", "proxy-shop",
    }  # fmt: skip
    assert set(model_services(UPDATED, {})) - set(model_services(SHOP, {})) == {"model-shop-green"}


def test_slots_differ_in_nothing_but_the_image() -> None:
    services = model_services(UPDATED, {})
    blue, green = services["model-shop-blue"], services["model-shop-green"]
    assert (blue["image"], green["image"]) == ("shop:1", "shop:2")
    assert {**blue, "image": ""} == {**green, "image": ""}
    assert blue["deploy"]["replicas"] == 3


def test_only_the_proxy_has_ports_which_stay_over_an_update() -> None:
    before, during = model_services(SHOP, {}), model_services(UPDATED, {})
    assert [name for name, one in during.items() if "ports" in one] == ["proxy-shop"]
    assert during["proxy-shop"] == before["proxy-shop"]
    assert before["proxy-shop"]["ports"] == [
        "127.0.0.1:3000:3000", "127.0.0.1:3001:3001", "127.0.0.1:3002:3002",
    ]  # fmt: skip


def test_a_request_that_has_begun_may_end() -> None:
    for name in ("model-shop-blue", "proxy-shop"):
        assert model_services(SHOP, {})[name]["stop_grace_period"] == "45s"


def test_labels_wait_in_redis_where_there_is_one() -> None:
    def store(services: dict[str, Any]) -> str | None:
        return services["model-shop-blue"]["environment"].get("MODEL_FEEDBACK_STORE")

    assert store(model_services(SHOP, {})) is None
    assert store(model_services(SHOP, {}, redis=True)) == "redis://redis:6379/0"


def test_a_server_knows_its_path_at_the_gateway() -> None:
    found = model_services(SHOP, {}, prefix="/models/shop")["model-shop-blue"]["environment"]
    assert found["MODEL_URL_PREFIX"] == "/models/shop"
    assert "MODEL_URL_PREFIX" not in model_services(SHOP, {})["model-shop-blue"]["environment"]


def test_a_name_is_no_variable_of_compose() -> None:
    assert literal("shop:$HOME") == "shop:$$HOME"
    assert model_services(replace(SHOP, image="a$b"), {})["state-shop"]["image"] == "a$$b"


def test_every_volume_that_is_mounted_is_declared() -> None:
    mounted = {
        volume.partition(":")[0]
        for service in model_services(UPDATED, {}).values()
        for volume in service["volumes"]
        if not volume.startswith("./")
    }
    assert mounted == set(model_volumes(UPDATED))


def test_a_model_reaches_other_machines_only_where_that_was_said() -> None:
    def networks(one: DeployedModel, *, redis: bool = False) -> Any:
        return model_services(one, {}, redis=redis)["model-shop-blue"]["networks"]

    assert networks(SHOP) == ["models-shop"]
    assert networks(SHOP, redis=True) == ["models-shop", "labels"]
    assert networks(replace(SHOP, network=True)) == ["models-shop", "default"]
    assert model_services(SHOP, {})["proxy-shop"]["networks"] == ["models-shop", "default"]


def test_a_model_waits_for_the_store_of_its_labels() -> None:
    waits = model_services(SHOP, {}, redis=True)["model-shop-blue"]["depends_on"]
    assert waits["redis"] == {"condition": "service_healthy"}


def test_a_shadow_serves_under_the_name_of_the_slot() -> None:
    new = UpdateCandidate("2", "shop:2", 512, shadow=True)
    services = model_services(replace(SHOP, candidate=new, keys=True), {})
    shadow, blue = services["shadow-shop"], services["model-shop-blue"]
    assert shadow["networks"] == {"models-shop": {"aliases": ["model-shop-blue"]}}
    own = {"MODEL_SHADOW": "http://proxy-shop:3002", "MODEL_SHADOW_SHARE": "1"}
    own |= {"MODEL_SHADOW_TOKEN_FILE": "/run/keys/shadow.key"}
    assert shadow["environment"] == {**blue["environment"], **own}
    assert shadow["volumes"][-1] == "./prometheus/keys/shop.key:/run/keys/shadow.key:ro"
    rest = ("environment", "networks", "volumes")
    assert {k: v for k, v in shadow.items() if k not in rest} == {
        k: v for k, v in blue.items() if k not in rest
    }
    assert "shadow-shop" not in model_services(UPDATED, {})
