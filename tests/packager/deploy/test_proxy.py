"""The proxy's configuration: HAProxy takes it, and weights follow the update."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from packager.deploy.fleet import Member, UpdateCandidate
from packager.deploy.proxy import SLOT_PORTS, proxy_config

SHOP = Member("shop", "1", "shop:1", 3000, 512)
UPDATED = replace(SHOP, candidate=UpdateCandidate("2", "shop:2", 512, share=0.1))


def backend(config: str, name: str) -> str:
    return re.split(r"\n(?=\w)", config.partition(f"\nbackend {name}\n")[2])[0]


def weights(config: str, name: str) -> dict[str, int]:
    found = re.findall(r"server-template (\w+) .* weight (\d+)", backend(config, name))
    return {slot: int(weight) for slot, weight in found}


def test_all_traffic_goes_to_the_slot_that_serves() -> None:
    assert weights(proxy_config(SHOP), "model") == {"blue": 100, "green": 0}
    assert weights(proxy_config(replace(SHOP, slot="green")), "model") == {"blue": 0, "green": 100}


def test_a_candidate_gets_its_share() -> None:
    assert weights(proxy_config(UPDATED), "model") == {"blue": 90, "green": 10}
    green = replace(UPDATED, slot="green")
    assert weights(proxy_config(green), "model") == {"blue": 10, "green": 90}


def test_each_slot_has_a_port_of_its_own_whatever_its_weight() -> None:
    config = proxy_config(UPDATED)
    for slot, port in SLOT_PORTS.items():
        assert f"frontend {slot}\n  bind :{port}\n  default_backend {slot}\n" in config
        assert weights(config, slot) == {slot: 100}


def test_waits_are_longer_than_the_deadline_of_a_request() -> None:
    config = proxy_config(SHOP, deadline_seconds=60)
    assert re.findall(r"timeout (?:client|server) (\w+)", config) == ["75s", "75s"]


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
@pytest.mark.parametrize("member", [SHOP, UPDATED, replace(SHOP, name="x" * 99)])
def test_haproxy_takes_it_without_a_warning(member: Member, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(proxy_config(member))
    done = subprocess.run(
        ["haproxy", "-c", "-V", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "Configuration file is valid" in done.stdout
