"""The proxy's port for gRPC: its calls go to the replicas' own port, by the slots' weights."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deployed_models import MODEL, Packaged, deployed

from packager.deploy.compose.services import model_services
from packager.deploy.fleet import DeployedModel, UpdateCandidate
from packager.deploy.proxy import GRPC_PORT, SLOT_PORTS, proxy_config
from packager.deploy.swarm.proxy import swarm_proxy_config
from packager.deploy.swarm.services import proxy_service
from packager.errors import UsageError
from packager.progress import NullProgress
from packager.rollout.request import UpdateRequest
from packager.rollout.update import start_update

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512, grpc=True)
UPDATED = replace(SHOP, candidate=UpdateCandidate("2", "shop:2", 512, share=0.1))
needs_haproxy = pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")


def test_both_backends_have_the_same_weights() -> None:
    config = proxy_config(UPDATED)
    servers = re.findall(r"server-template (\w+) \d+ \S+:(\d+) weight (\d+)", config)
    for slot, weight in (("blue", "90"), ("green", "10")):
        assert (slot, "3000", weight) in servers
        assert (slot, "3001", weight) in servers


def test_the_port_is_none_of_the_slots_and_is_published_beside_them() -> None:
    assert GRPC_PORT not in SLOT_PORTS.values()
    ports = model_services(SHOP, {})[SHOP.proxy]["ports"]
    assert ports == [
        "127.0.0.1:3000:3000",
        "127.0.0.1:3001:3001",
        "127.0.0.1:3002:3002",
        "127.0.0.1:3003:3003",
    ]
    assert [one["published"] for one in proxy_service(SHOP, {})["ports"]] == [3000, 3003]


def test_a_model_without_grpc_has_no_such_port() -> None:
    plain = replace(SHOP, grpc=False)
    assert "grpc" not in proxy_config(plain)
    assert "grpc" not in swarm_proxy_config(plain)
    assert len(model_services(plain, {})[plain.proxy]["ports"]) == 3
    assert len(proxy_service(plain, {})["ports"]) == 1


@needs_haproxy
@pytest.mark.parametrize("config", [proxy_config(UPDATED), swarm_proxy_config(SHOP)])
def test_haproxy_takes_it_without_a_warning(config: str, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(config)
    done = subprocess.run(
        ["haproxy", "-c", "-V", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_a_folder_follows_the_package(tmp_path: Path) -> None:
    deployed(tmp_path / "out", grpc=True)
    [config] = (tmp_path / "out/proxy").glob("*/haproxy.cfg")
    assert "backend grpc" in config.read_text()
    assert f":{GRPC_PORT}" in (tmp_path / "out/compose.yml").read_text()
    deployed(tmp_path / "out")
    assert "backend grpc" not in config.read_text()


def test_an_update_to_a_version_without_the_port_is_refused(tmp_path: Path) -> None:
    deployed(tmp_path / "out", grpc=True)
    new: Any = Packaged(replace(MODEL, version="2.0.0-0123456789ab"), "shop:2")
    expected = r"expected a package with `\[serve\] grpc = true`, as the one that serves has"
    with pytest.raises(UsageError, match=expected):
        start_update(new, tmp_path / "out", UpdateRequest("shop:2"), None, NullProgress())
