"""Configurations that HAProxy takes, and what they look for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from packager.deploy.fleet import MAX_REPLICAS, DeployedModel
from packager.deploy.swarm.proxy import relay_config, swarm_proxy_config

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
@pytest.mark.parametrize("text", [swarm_proxy_config(SHOP), relay_config("a", "b")])
def test_haproxy_takes_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(text)
    done = subprocess.run(["haproxy", "-c", "-f", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()


def test_it_finds_all_tasks_and_one_more_during_an_update() -> None:
    text = swarm_proxy_config(SHOP)
    assert f"server-template task {MAX_REPLICAS + 1} tasks.model-shop:3000 check" in text
    assert "stats socket" not in text


def test_a_relay_passes_the_candidate_s_answers_on_as_they_are() -> None:
    text = relay_config("model-shop", "model-shop-candidate")
    backend = text.partition("\nbackend candidate\n")[2]
    assert "retries 0" in backend
    assert "tasks.model-shop-candidate:3000 resolvers" in backend
    assert "check" not in backend
