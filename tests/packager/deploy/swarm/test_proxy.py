"""Configurations that HAProxy takes, and what they look for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.fleet import MAX_REPLICAS, DeployedModel
from packager.deploy.proxy import PROBES
from packager.deploy.swarm.proxy import (
    MAX_WEIGHT,
    relay_config,
    router_config,
    router_weights,
    swarm_proxy_config,
)

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
@pytest.mark.parametrize(
    "text",
    [
        swarm_proxy_config(SHOP),
        relay_config("a", "b"),
        router_config("a", "b", (90, 10), 1_790_000_000),
    ],
)
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
    assert PROBES in text


def test_a_relay_passes_the_candidate_s_answers_on_as_they_are() -> None:
    text = relay_config("model-shop", "model-shop-candidate")
    backend = text.partition("\nbackend candidate\n")[2]
    assert "retries 0" in backend
    assert "tasks.model-shop-candidate:3000 resolvers" in backend
    assert "check" not in backend


def test_the_proxies_use_a_router_while_it_finds_the_candidate() -> None:
    text = swarm_proxy_config(SHOP)
    assert "use_backend canary if { nbsrv(canary) gt 0 }\n  default_backend model" in text
    assert "tasks.model-shop-canary:3000 check" in text
    router = router_config("model-shop", "model-shop-candidate", (200, 50), 1_790_000_000)
    assert "{ nbsrv(new) lt 1 } || { nbsrv(model) lt 2 } || { date ge 1790000000 }\n" in router
    old, new = (line for line in router.splitlines() if " weight " in line)
    assert "tasks.model-shop:3000 weight 200" in old
    assert "tasks.model-shop-candidate:3000 weight 50" in new


@given(st.integers(1, MAX_REPLICAS), st.integers(1, MAX_REPLICAS), st.floats(0.005, 0.95))
def test_weights_give_the_share(tasks: int, new_tasks: int, share: float) -> None:
    old, new = router_weights(tasks, new_tasks, share)
    assert 1 <= old <= MAX_WEIGHT
    assert 1 <= new <= MAX_WEIGHT
    odds = share / (1 - share) * tasks / new_tasks
    bounds = (new - 0.5) / (old + 0.5), (new + 0.5) / max(0.5, old - 0.5)
    assert bounds[0] <= odds * 1.001 or new == 1
    assert odds <= bounds[1] * 1.001 or old == 1
