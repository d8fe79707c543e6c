"""A container without disk space, then without memory."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from command import Package

pytestmark = pytest.mark.engine

PATIENCE_SECONDS = 120.0
FILL = """
import contextlib, os
file = os.open('/tmp/fill', os.O_WRONLY | os.O_CREAT)
with contextlib.suppress(OSError):
    while os.write(file, bytes(4096)):
        pass
"""


class Served:
    """A container, and its server."""

    def __init__(self, container: Any) -> None:
        self.container = container
        container.reload()
        port = container.attrs["NetworkSettings"]["Ports"]["3000/tcp"][0]["HostPort"]
        self._url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body; 0 where nothing answers."""
        try:
            with urllib.request.urlopen(f"{self._url}{path}", body, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def wait_ready(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while self.ask("/readyz")[0] != 200:
            assert time.monotonic() < until, self.container.logs().decode()
            time.sleep(0.5)

    def metric(self, name: str) -> float:
        text = self.ask("/metrics")[1].decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

    def python(self, script: str) -> None:
        done = self.container.exec_run(["/opt/venv/bin/python", "-c", script])
        assert done.exit_code == 0, done.output


@pytest.fixture
def served(engine_package: Package) -> Iterator[Served]:
    container = docker.from_env().containers.run(
        engine_package.reference,
        detach=True,
        read_only=True,
        tmpfs={"/tmp": "size=8m"},
        mem_limit="700m",
        memswap_limit="700m",
        environment={
            "MODEL_MAX_BODY_BYTES": str(1 << 28),
            "MODEL_MAX_VALUES": str(1 << 28),
            "MODEL_DEADLINE_SECONDS": "120",
        },
        ports={"3000/tcp": ("127.0.0.1", None)},
    )
    try:
        found = Served(container)
        found.wait_ready()
        yield found
    finally:
        container.remove(force=True)


def test_neither_a_full_disk_nor_a_kill_for_memory_ends_the_server(served: Served) -> None:
    example = json.loads(served.ask("/schema")[1])["example"]
    one = json.dumps(example).encode()
    assert served.ask("/predict", one)[0] == 200
    served.python(FILL)
    # What makes series that are not there yet.
    for path in (
        "/invocations",
        "/nope",
        "/v2/models/x/infer",
        "/feedback",
        "/schema",
        "/ping",
    ) * 4:
        assert served.ask(path, b"{")[0] >= 400
    time.sleep(1)
    assert served.ask("/predict", one)[0] == served.ask("/readyz")[0] == 200
    served.python("import os; os.remove('/tmp/fill')")
    assert served.metric("model_worker_restarts_total") == 0
    many = json.dumps({"rows": example["rows"] * 1_000_000}).encode()
    assert served.ask("/predict", many)[0] == 0
    until = time.monotonic() + PATIENCE_SECONDS
    said = "was killed by SIGKILL because the memory limit of 700 MiB was reached"
    while said not in served.container.logs().decode():
        assert time.monotonic() < until, served.container.logs().decode()
        time.sleep(0.2)
    assert served.ask("/predict", one)[0] == 200  # the other worker
    assert served.metric('model_worker_restarts_total{model="starter",reason="memory"') == 1
