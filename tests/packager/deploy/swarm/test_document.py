"""The stack file: valid for Docker, commented, and named by content."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from stacked_models import ALONE, PRICES, checked_stack, stack_document, stacked

from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.swarm.document import MAX_CONFIG_BYTES, stack_text
from packager.deploy.swarm.secret_values import planned_secrets
from packager.errors import PackageError

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)
FLEET = Fleet({"shop": SHOP})
FILES = {"proxy/shop/haproxy.cfg": "a", "prometheus/prometheus.yml": "b"}


@pytest.mark.slow
@pytest.mark.parametrize("parts", [((), ()), ((), ALONE)])
def test_docker_takes_it(parts: tuple[tuple[str, ...], tuple[str, ...]], tmp_path: Path) -> None:
    stacked(tmp_path / "out", parts=parts, keys=True)
    stacked(tmp_path / "out", PRICES, "models/prices:2", parts=parts)
    checked_stack(tmp_path / "out")


@pytest.mark.slow
def test_everything_that_is_named_is_there(tmp_path: Path) -> None:
    stacked(tmp_path, keys=True)
    document = stack_document(tmp_path)
    for kind in ("configs", "secrets"):
        used = {
            one["source"]
            for service in document["services"].values()
            for one in service.get(kind, ())
        }
        assert used == set(document[kind])
        for one in document[kind].values():
            assert (tmp_path / one["file"]).is_file()
            assert len(one["name"]) <= 64
    networks = {name for one in document["services"].values() for name in one["networks"]}
    assert networks == set(document["networks"])
    assert document["networks"]["models"]["internal"]


@pytest.mark.slow
def test_a_gateway_is_on_each_host_and_asks_the_models_proxies(tmp_path: Path) -> None:
    stacked(tmp_path, parts=(("gateway",), ()))
    document = stack_document(tmp_path)
    gateway = document["services"]["gateway"]
    assert gateway["deploy"]["mode"] == "global"
    assert gateway["ports"][0]["published"] == "${GATEWAY_PORT:-8000}"
    (config,) = gateway["configs"]
    assert document["configs"][config["source"]]["file"] == "./gateway/haproxy.cfg"
    assert "server proxy tasks.proxy-" in (tmp_path / "gateway/haproxy.cfg").read_text()


def test_a_file_too_large_for_swarm_is_refused(tmp_path: Path) -> None:
    files = {**FILES, "prometheus/rules/shop.yml": "x" * MAX_CONFIG_BYTES}
    with pytest.raises(PackageError, match=r"rules/shop\.yml: expected less than 1024000 bytes"):
        stack_text(FLEET, files, planned_secrets(tmp_path, FLEET))


def test_a_config_is_named_after_its_content(tmp_path: Path) -> None:
    secrets = planned_secrets(tmp_path, FLEET)

    def names(files: dict[str, str]) -> dict[str, str]:
        document = yaml.safe_load(stack_text(FLEET, files, secrets))
        return {key: one["name"] for key, one in document["configs"].items()}

    before, after = names(FILES), names({**FILES, "prometheus/prometheus.yml": "c"})
    assert before["proxy-shop"] == after["proxy-shop"]
    assert before["prometheus-prometheus"] != after["prometheus-prometheus"]


def test_a_person_is_told_what_to_change(tmp_path: Path) -> None:
    text = stack_text(FLEET, FILES, planned_secrets(tmp_path, FLEET))
    assert text.startswith("# Start, and after every change:\n# docker stack deploy --with-regis")
    for part in ("firewall", "-c stack.yml -c mine.yml", "--label-add package.state=true"):
        assert part in text
