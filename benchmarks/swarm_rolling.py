"""Requests lost on Docker Swarm: in an update, with a broken image, and when a task is killed.

    python benchmarks/swarm_rolling.py FIRST SECOND [--rate 270] [--requests 40000]
                                       [--only update broken kill]

``FIRST`` and ``SECOND`` are two versions of a model in the engine of ``DOCKER_HOST``; images of
HAProxy and Redis are made of Debian's packages. The Swarm is an engine of its own
(``tests/support/own_engine.py``), so it needs root. Each step runs under requests at a fixed rate,
the update under so many at least, and prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
from own_engine import OwnEngine, own_engine
from service_images import service_images

HERE = Path(__file__).parent
PACKAGE = Path(sys.executable).with_name("package")
BROKEN = 'FROM {image}\nENTRYPOINT ["/opt/venv/bin/python", "-c", "raise SystemExit(3)"]\n'
STACK, PORT = "s", 3000
SETTLE_SECONDS = 10
FORCED = ("--no-gate", "--reason", "a broken image is forced")


class Deployment:
    """A stack of one model in an engine of its own."""

    def __init__(self, engine: OwnEngine, folder: Path, images: dict[str, str]) -> None:
        self.engine, self.folder, self.images = engine, folder, images
        self.variables = {**engine.environment, **images}

    def start(self, reference: str) -> None:
        """Deploy ``reference`` with two replicas, and wait until a request is answered."""
        parts = ("grafana", "alertmanager", "prometheus", "tracker")
        without = [word for part in parts for word in ("--without", part)]
        self.package("deploy", "swarm", reference, "--image", reference, *without)
        stack = self.folder / "stack.yml"
        self.engine.run(["docker", "stack", "deploy", "-c", stack, STACK], env=self.variables)
        self.wait(2)

    def package(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``package WORDS --output FOLDER`` in the engine's network."""
        command = [PACKAGE, *words, "--output", self.folder]
        return self.engine.run(command, env=self.variables, check=check)

    @property
    def service(self) -> str:
        """The name of the model's service."""
        names = self.engine.docker("service", "ls", "--format", "{{.Name}}").split()
        return next(one for one in names if one.startswith(f"{STACK}_model-"))

    def running(self) -> list[str]:
        """The ids of the containers of healthy tasks."""
        words = ("ps", "--quiet", "--filter", "health=healthy", "--filter", f"name={self.service}.")
        return self.engine.docker(*words).split()

    def wait(self, replicas: int, seconds: float = 240) -> None:
        """Until so many tasks are healthy."""
        until = time.monotonic() + seconds
        while len(self.running()) != replicas:
            if time.monotonic() > until:
                raise AssertionError(
                    self.engine.docker("service", "ps", "--no-trunc", self.service)
                )
            time.sleep(0.5)
        time.sleep(3)  # the proxies have found them

    @contextmanager
    def load(self, body: Path, rate: float, least: int = 0) -> Iterator[dict[str, Any]]:
        """Requests during the block and some seconds before and after it; then their counts.

        ``least``: requests to send at least.
        """
        command = [sys.executable, HERE / "open_loop.py", f"http://127.0.0.1:{PORT}/predict", body]
        command += ["--rate", str(rate), "--seconds", "3600"]
        report: dict[str, Any] = {}
        client = subprocess.Popen(self.engine.command(command), stdout=subprocess.PIPE, text=True)
        begun = time.monotonic()
        try:
            time.sleep(SETTLE_SECONDS)
            yield report
            time.sleep(max(SETTLE_SECONDS, begun + least / rate - time.monotonic()))
        finally:
            client.terminate()
            report |= json.loads(client.communicate()[0])


def update(stack: Deployment, reference: str, image: str, *options: str) -> dict[str, Any]:
    """`package deploy update`: its exit code and result."""
    begun = time.monotonic()
    words = ("deploy", "update", reference, "--image", image, *options, "--json")
    done = stack.package(*words, check=False)
    told = json.loads(done.stdout) if done.stdout.strip() else done.stderr[-1000:]
    return {"exit": done.returncode, "seconds": round(time.monotonic() - begun, 1), "told": told}


def kill(stack: Deployment) -> dict[str, Any]:
    """SIGKILL of the processes of one task; seconds until another one is healthy."""
    begun = time.monotonic()
    stack.engine.docker("kill", "--signal", "KILL", stack.running()[0])
    stack.wait(2)
    return {"seconds": round(time.monotonic() - begun, 1)}


def broken_image(stack: Deployment, image: str) -> str:
    """An image of the same package whose program ends at once."""
    stack.engine.run(
        ["docker", "build", "--quiet", "--tag", "broken:1", "-"], input=BROKEN.format(image=image)
    )
    return "broken:1"


def body_of(reference: str, folder: Path) -> Path:
    """A request with a row of the package."""
    from packager.engine.engine import Engine
    from packager.image.golden import golden_rows
    from packager.image.reference import open_reference

    with open_reference(reference, Engine.connect()) as found:
        golden = golden_rows(found)
    assert golden is not None
    (folder / "body.json").write_text(json.dumps({"rows": list(golden.rows[:1])}))
    return folder / "body.json"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--rate", type=float, default=270)
    parser.add_argument("--requests", type=int, default=40_500)
    parser.add_argument("--only", nargs="*", default=["update", "broken", "kill"])
    asked = parser.parse_args()
    images = service_images()
    with tempfile.TemporaryDirectory() as scratch, own_engine() as engine:
        body = body_of(asked.first, Path(scratch))
        for name in (asked.first, asked.second, images["PROXY_IMAGE"], images["REDIS_IMAGE"]):
            engine.copy_image(name)
        engine.start_swarm()
        stack = Deployment(engine, Path(scratch) / "out", images)
        stack.start(asked.first)
        steps: dict[str, Callable[[], dict[str, Any]]] = {
            "update": lambda: update(stack, asked.second, asked.second, "--accept-too-few"),
            "broken": lambda: update(stack, asked.first, broken_image(stack, asked.first), *FORCED),
            "kill": lambda: kill(stack),
        }
        for step in asked.only:
            least = asked.requests if step == "update" else 0
            with stack.load(body, asked.rate, least) as report:
                found = steps[step]()
            print(json.dumps({"step": step, **found, **report}), flush=True)


if __name__ == "__main__":
    main()
