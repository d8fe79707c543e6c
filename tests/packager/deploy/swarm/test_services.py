"""Swarm services of one model: what a stack file can't say is not in them."""

from __future__ import annotations

from dataclasses import replace

from packager.deploy.fleet import DeployedModel
from packager.deploy.swarm.services import model_service, proxy_service

SHOP = DeployedModel("shop", "1.0.0-ab", "shop:1", 3010, 512, replicas=3)
UNKNOWN = {"depends_on", "tmpfs", "mem_limit", "pids_limit", "security_opt", "restart", "name"}
"""Keys that `docker stack deploy` refuses or ignores."""


def test_nothing_is_ignored_by_docker_stack() -> None:
    for service in (model_service(SHOP, redis=True), proxy_service(SHOP, {})):
        assert not UNKNOWN & set(service)
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["deploy"]["resources"]["limits"]["pids"] == 4096
        assert service["deploy"]["endpoint_mode"] == "dnsrr"
        assert service["stop_grace_period"] == "45s"


def test_an_update_starts_before_it_ends_and_goes_back_by_itself() -> None:
    deploy = model_service(SHOP, redis=True)["deploy"]
    update = deploy["update_config"]
    assert (update["order"], update["failure_action"]) == ("start-first", "rollback")
    assert deploy["rollback_config"]["order"] == "start-first"
    assert (deploy["replicas"], deploy["placement"]["max_replicas_per_node"]) == (3, 4)


def test_only_the_proxy_has_a_port_and_it_is_of_its_host() -> None:
    assert "ports" not in model_service(SHOP, redis=True)
    assert proxy_service(SHOP, {})["ports"] == [
        {"target": 3000, "published": 3010, "protocol": "tcp", "mode": "host"}
    ]
    assert proxy_service(SHOP, {})["deploy"]["update_config"]["order"] == "stop-first"


def test_a_model_gets_out_only_if_its_code_needs_that() -> None:
    assert model_service(SHOP, redis=True)["networks"] == ["models"]
    assert model_service(replace(SHOP, network=True), redis=True)["networks"] == ["models", "edge"]


def test_secrets_are_files_that_only_the_server_reads() -> None:
    service = model_service(replace(SHOP, keys=True), redis=False)
    assert [(one["source"], one["uid"], oct(one["mode"])) for one in service["secrets"]] == [
        ("feedback-shop", "65532", "0o400"),
        ("keys-shop", "65532", "0o400"),
    ]
    assert "MODEL_FEEDBACK_STORE" not in service["environment"]
    paths = {one["target"] for one in service["secrets"]}
    assert paths <= set(service["environment"].values())


def test_an_image_s_name_is_no_variable() -> None:
    assert model_service(replace(SHOP, image="a$b"), redis=True)["image"] == "a$$b"
