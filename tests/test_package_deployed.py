"""A folder of `deploy compose`, started by Compose: nothing is lost when a replica ends."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from command import Package, package
from open_load import OpenLoad
from real_prometheus import Prometheus, free_port
from service_images import COMPOSE, service_images

from packager.deploy.fleet import PORTS
from packager.deploy.prometheus.proxy_alerts import KEPT_METRICS, PROXY_JOB

pytestmark = [pytest.mark.long, pytest.mark.engine, pytest.mark.slow]
ROW = {"channel": "app", "basket": 18.04, "visits": 2, "member": True}
BODY = json.dumps({"rows": [ROW]}).encode()
LARGE = json.dumps({"rows": [ROW] * 1_500}).encode()
"""Nearly as much as the proxy keeps to ask again."""
START_SECONDS = 240


@dataclass(frozen=True)
class Deployment:
    """A running folder."""

    folder: Path
    project: str
    port: int
    prometheus: Prometheus

    def compose(self, *arguments: str) -> str:
        done = subprocess.run(
            [COMPOSE, "-p", self.project, "-f", self.folder / "compose.yml", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def containers(self, service: str = "") -> list[str]:
        return self.compose("ps", "-q", *([service] if service else [])).split()

    def until_ready(self, replicas: int) -> None:
        """Wait until the proxy sends requests to so many replicas."""
        end = time.monotonic() + START_SECONDS
        name = f'haproxy_backend_active_servers{{job="{PROXY_JOB}",proxy="model"}}'
        while time.monotonic() < end:
            try:
                if self.prometheus.ask(f"{name} == {replicas}"):
                    return
            except OSError:
                pass
            time.sleep(1)
        raise AssertionError(self.compose("logs", "--tail", "20"))


def free_block() -> int:
    """The first of the ports of a model, which are all free."""
    while True:
        port = free_port()
        try:
            for number in range(PORTS):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port + number))
        except (OSError, OverflowError):
            continue
        return port


@pytest.fixture(scope="module")
def deployment(
    engine_package: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    if not COMPOSE.exists():
        pytest.skip("no Compose here")
    folder, port = tmp_path_factory.mktemp("deployed") / "shop", free_block()
    # The tracker's image needs a build of its own, and Grafana's comes from a registry only.
    left_out = ("--without", "tracker", "--without", "grafana")
    done = package(
        *("deploy", "compose", engine_package.reference, "--output", folder),
        *("--replicas", 2, "--port", port, "--with", "redis", *left_out),
    )
    assert done.code == 0, done.err
    known = {**service_images(), "PROMETHEUS_PORT": free_port(), "ALERTMANAGER_PORT": free_port()}
    (folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in known.items()))
    prometheus = Prometheus(f"http://127.0.0.1:{known['PROMETHEUS_PORT']}")
    running = Deployment(folder, f"test-{port}", port, prometheus)
    try:
        running.compose("up", "-d", "--quiet-pull")
        running.until_ready(2)
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "2")


def inspected(container: str) -> Any:
    done = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
    return json.loads(done.stdout)[0]


def docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], capture_output=True, check=True)


def test_a_label_counts_at_whatever_replica_it_arrives(deployment: Deployment) -> None:
    url = f"http://127.0.0.1:{deployment.port}"
    tokens = [
        requests.post(f"{url}/predict", BODY, timeout=60).json()["predictions"][0]["token"]
        for _ in range(10)
    ]
    sent = [{"token": token, "actual": "yes"} for token in tokens]
    counted = requests.post(f"{url}/feedback", json=sent, timeout=60).json()
    again = requests.post(f"{url}/feedback", json=sent, timeout=60).json()
    assert (counted["accepted"], again["accepted"]) == (10, 0)


def test_the_proxy_has_no_privilege(deployment: Deployment) -> None:
    [service] = [
        name for name in deployment.compose("config", "--services").split() if "proxy-" in name
        and not name.startswith("state-")
    ]  # fmt: skip
    [container] = deployment.containers(service)
    found = inspected(container)
    assert found["Config"]["User"] == "65532:0"
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert found["State"]["Running"]
    assert found["RestartCount"] == 0


def test_prometheus_scrapes_each_replica_and_little_of_the_proxy(deployment: Deployment) -> None:
    deployment.prometheus.until('count(up{job="starter"} == 1) == 2')
    up = deployment.prometheus.ask("count by (job) (up == 1)")
    assert {labels["job"]: value for labels, value in up} == {"starter": 2, PROXY_JOB: 1}
    kept = deployment.prometheus.ask(f'count by (__name__) ({{job="{PROXY_JOB}"}})')
    names = {labels["__name__"] for labels, _ in kept}
    assert {name for name in names if name.startswith("haproxy_")} <= set(KEPT_METRICS)
    assert deployment.prometheus.value(f'count({{job="{PROXY_JOB}"}})') < 100


def test_nothing_changes_when_it_is_started_again(deployment: Deployment) -> None:
    before = deployment.containers()
    deployment.compose("up", "-d")
    assert deployment.containers() == before


@pytest.mark.parametrize("keep_alive", [True, False])
def test_no_request_is_lost_when_a_replica_is_killed(
    deployment: Deployment, keep_alive: bool
) -> None:
    victim = deployment.containers("model-starter-blue")[0]
    load = OpenLoad(deployment.port, BODY, rate=30, keep_alive=lambda _: keep_alive)
    with load.running():
        time.sleep(2)
        docker("kill", "-s", "KILL", victim)
        time.sleep(8)
        docker("start", victim)
        deployment.until_ready(2)
    assert (load.lost(), load.count > 250) == ([], True)


def test_no_request_is_lost_when_a_replica_restarts(deployment: Deployment) -> None:
    load = OpenLoad(deployment.port, LARGE, rate=8)
    with load.running():
        time.sleep(2)
        docker("restart", deployment.containers("model-starter-blue")[0])
        time.sleep(10)
        deployment.until_ready(2)
    assert (load.lost(), load.count > 90) == ([], True)


def test_no_secret_is_in_the_environment_of_a_container(deployment: Deployment) -> None:
    for container in deployment.containers():
        for line in inspected(container)["Config"]["Env"]:
            assert not re.search(r"(?i)(password|token|secret)=", line), line
