"""The deployment under drill: its start and end, and its replicas."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from drill_parts import paths
from drill_parts.programs import ADDED, compose, docker, package
from drill_parts.tracker import URL as TRACKER
from drill_parts.tracker import history
from packager.image.runtime import VENV

MODEL = "shop"
PORT = 3000
SERVER = f"http://127.0.0.1:{PORT}"
PROMETHEUS = "http://127.0.0.1:9090"
ALERTMANAGER = "http://127.0.0.1:9093"
READY_SECONDS = 180


ISSUES_MIB = 24
SMALL_DISK = f"""\
# The tracker's disk, small enough to fill.
volumes:
  issues:
    driver_opts: {{type: tmpfs, device: tmpfs, o: "size={ISSUES_MIB}m,uid=65532,gid=65532"}}
"""
SOURCES = (
    f"{PROMETHEUS}/api/v1/alerts",
    f"{PROMETHEUS}/api/v1/query?query=up[2m]",
    f"{ALERTMANAGER}/api/v2/alerts",
)
"""Addresses whose answers explain why an issue is open."""
PYTHON = f"/{VENV}/bin/python"
"""In a replica."""


def deploy(reference: str, image: str, time_scale: int) -> None:
    """Write the deployment of ``reference``: two replicas and the services beside them."""
    shutil.rmtree(paths.DEPLOYED, ignore_errors=True)
    package(
        *("deploy", "compose", reference, "--image", image, "--output", paths.DEPLOYED),
        *("--replicas", 2, "--time-scale", time_scale, "--latency", 1),
        *("--with", "redis", "--without", "grafana"),
    )
    ADDED.write_text(SMALL_DISK, encoding="utf-8")


def keep_sources(numbers: Sequence[int]) -> None:
    """Write the events of open issues, and what the services say of their alerts, to the logs."""
    kept: dict[str, object] = {str(number): history(number) for number in numbers}
    for address in SOURCES:
        with urllib.request.urlopen(address, timeout=30) as answer:
            kept[address] = json.load(answer)
    text = json.dumps(kept, indent=2)
    (paths.LOGS / "open-issues.json").write_text(text, encoding="utf-8")


@contextmanager
def running() -> Iterator[None]:
    """The deployment from its start to its end; its volumes are removed."""
    compose("up", "--detach", "--quiet-pull")
    try:
        for address in (f"{SERVER}/readyz", f"{TRACKER}/readyz", f"{PROMETHEUS}/-/ready"):
            wait_until_ready(address)
        yield
    finally:
        compose("logs", "--no-color", "--timestamps", check=False)
        compose("down", "--volumes", "--timeout", 5, check=False)


def replicas() -> list[str]:
    """Names of the containers of the serving slot, sorted."""
    document = json.loads((paths.DEPLOYED / ".files.json").read_text(encoding="utf-8"))
    slot = document["notes"]["models"][MODEL]["slot"]
    service = f"label=com.docker.compose.service=model-{MODEL}-{slot}"
    return sorted(docker("ps", "--filter", service, "--format", "{{.Names}}").split())


def kill(container: str) -> None:
    """SIGKILL to the first process of ``container``; the engine takes it for a crash."""
    os.kill(int(docker("inspect", "--format", "{{.State.Pid}}", container)), signal.SIGKILL)


def in_replica(container: str, program: str) -> str:
    """Run a line of Python in ``container``; what it prints."""
    return docker("exec", container, PYTHON, "-c", program)


def wait_until_ready(address: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (OSError, urllib.error.URLError) as error:
            if time.monotonic() > end:
                raise SystemExit(f"error: {address} is not ready: {error}") from error
            time.sleep(0.5)
        else:
            return


def serving_reference() -> str:
    """The image of the serving slot."""
    document = json.loads((paths.DEPLOYED / ".files.json").read_text(encoding="utf-8"))
    return str(document["notes"]["models"][MODEL]["image"])
