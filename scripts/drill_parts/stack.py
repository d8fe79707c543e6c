"""The deployment under drill: its start and end, and its replicas."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from drill_parts import paths
from drill_parts.programs import compose, docker, package
from drill_parts.tracker import URL as TRACKER

MODEL = "shop"
PORT = 3000
SERVER = f"http://127.0.0.1:{PORT}"
PROMETHEUS = "http://127.0.0.1:9090"
READY_SECONDS = 180


def deploy(reference: str, time_scale: int) -> None:
    """Write the deployment of ``reference``: two replicas, Prometheus, Alertmanager, tracker."""
    shutil.rmtree(paths.DEPLOYED, ignore_errors=True)
    package(
        *("deploy", "compose", reference, "--output", paths.DEPLOYED, "--replicas", 2),
        *("--time-scale", time_scale, "--latency", 1, "--without", "grafana"),
    )


@contextmanager
def running() -> Iterator[None]:
    """The deployment from its start to its end; its volumes are removed."""
    compose("up", "--detach", "--quiet-pull")
    try:
        for address in (f"{SERVER}/readyz", f"{TRACKER}/readyz", f"{PROMETHEUS}/-/ready"):
            _wait_until_ready(address)
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


def metric(expression: str) -> float:
    """The sum of an instant query; 0 without a result."""
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{PROMETHEUS}/api/v1/query?{query}", timeout=30) as answer:
        found = json.load(answer)["data"]["result"]
    return sum(float(one["value"][1]) for one in found)


def _wait_until_ready(address: str) -> None:
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
