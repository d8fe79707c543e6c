"""Requests lost on Docker Swarm: in updates, with a broken image, and when a task is killed.

    python benchmarks/swarm_rolling.py FIRST SECOND [--rate 75] [--requests 40000]
                                       [--only broken kill update canary shadow]

``FIRST`` and ``SECOND`` are two versions of a model in the engine of ``DOCKER_HOST``; images of
HAProxy and Redis are made of Debian's packages. The Swarm is an engine of its own
(``tests/support/own_engine.py``), so it needs root. Each step is a command under the requests of
``rolling_update.py``, an update (without more, with a canary, with a shadow) under ``--requests``,
and prints one line of JSON. An update is to the version that doesn't serve.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
from own_engine import OwnEngine, own_engine
from service_images import service_images

HERE = Path(__file__).parent
PACKAGE = Path(sys.executable).with_name("package")
BROKEN = 'FROM {image}\nENTRYPOINT ["/opt/venv/bin/python", "-c", "raise SystemExit(3)"]\n'
STACK, PORT = "s", 3000
SHORT_SECONDS = 90
CANARY = ("--canary", "0.3", "--canary-minutes", "0.5")
SHADOW = ("--shadow", "--shadow-minutes", "0.5")
UPDATES = {"update": (), "canary": CANARY, "shadow": SHADOW}
"""Step → options of an update."""
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

    def other(self, asked: argparse.Namespace) -> str:
        """The version that doesn't serve."""
        image = "{{.Spec.TaskTemplate.ContainerSpec.Image}}"
        serving = self.engine.docker("service", "inspect", "--format", image, self.service)
        return str(asked.second if serving == asked.first else asked.first)

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

    def measured(
        self, row: str, rate: float, requests: int, command: Sequence[str | Path]
    ) -> dict[str, Any]:
        """The outcome of ``requests`` around ``command``."""
        words = [sys.executable, HERE / "rolling_update.py", f"http://127.0.0.1:{PORT}"]
        words += ["--rate", str(rate), "--requests", str(requests), "--row", row]
        words += ["--log", self.folder.parent / "requests.jsonl", "--", *command]
        done = self.engine.run(words, env=self.variables, check=False)
        sys.stderr.write(done.stderr)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def broken_image(stack: Deployment, image: str) -> str:
    """An image of the same package whose program ends at once."""
    command = ["docker", "build", "--quiet", "--tag", "broken:1", "-"]
    variables = {**stack.variables, "DOCKER_BUILDKIT": "0"}
    stack.engine.run(command, env=variables, input=BROKEN.format(image=image))
    return "broken:1"


def row_of(reference: str) -> str:
    """A row of the package."""
    from packager.engine.engine import Engine
    from packager.image.golden import golden_rows
    from packager.image.reference import open_reference

    with open_reference(reference, Engine.connect()) as found:
        golden = golden_rows(found)
    assert golden is not None
    return json.dumps(golden.rows[0])


def commands(stack: Deployment, asked: argparse.Namespace) -> dict[str, list[str | Path]]:
    """Step → the command whose effect on requests is counted."""
    update = [PACKAGE, "deploy", "update", "--output", stack.folder, "--json"]
    broken, other = broken_image(stack, asked.first), stack.other(asked)
    few = "--accept-too-few"
    return {
        "broken": [*update, other, "--image", broken, *FORCED],
        "kill": ["docker", "kill", "--signal", "KILL", stack.running()[0]],
        **{
            step: [*update, other, "--image", other, few, *options]
            for step, options in UPDATES.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--rate", type=float, default=75)
    parser.add_argument("--requests", type=int, default=40_000)
    parser.add_argument("--only", nargs="*", default=["broken", "kill", "update"])
    asked = parser.parse_args()
    images = service_images()
    with tempfile.TemporaryDirectory() as scratch, own_engine() as engine:
        row = row_of(asked.first)
        for name in (asked.first, asked.second, images["PROXY_IMAGE"], images["REDIS_IMAGE"]):
            engine.copy_image(name)
        engine.start_swarm()
        stack = Deployment(engine, Path(scratch) / "out", images)
        stack.start(asked.first)
        for step in asked.only:
            command = commands(stack, asked)[step]
            requests = asked.requests if step in UPDATES else int(asked.rate * SHORT_SECONDS)
            found = stack.measured(row, asked.rate, requests, command)
            print(json.dumps({"step": step, **found}), flush=True)
            stack.wait(2)


if __name__ == "__main__":
    main()
