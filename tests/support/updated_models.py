"""A deployment whose model has two versions in the engine, each of which can be made bad.

A version is bad where a file of its name is in the volume of the deployment: ``broken-0.2.0`` keeps
it from loading, ``wrong-0.2.0`` gives other answers, ``slow-0.2.0`` takes long. A build has no such
volume, so it finds nothing wrong.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from command import PACKAGE, Done, package
from service_images import COMPOSE, service_images

LOAD = Path(__file__).parents[2] / "benchmarks/rolling_update.py"
ROW = {"channel": "app", "basket": 3.0, "visits": 5, "member": True}
MODEL = """
import os
import time


class Rule:
    def predict(self, frame):
        if os.path.exists("/state/slow-VERSION"):
            time.sleep(0.3)
        if os.path.exists("/state/wrong-VERSION"):
            return ["no" for visits in frame["visits"]]
        return ["yes" if visits > 3 else "no" for visits in frame["visits"]]


def train(features, target, *, params, seed):
    return Rule()


if os.path.exists("/state/broken-VERSION"):
    raise RuntimeError("broken where it is deployed")
"""


def build_versions(folder: Path, base: str) -> tuple[str, str]:
    """The tags of two versions of the starter's model, with a rule in its place."""
    tags = []
    for version in ("0.1.0", "0.2.0"):
        project = folder / "updated-model" / version / "updated"
        assert package("init", project).code == 0
        toml = project / "package.toml"
        toml.write_text(toml.read_text().replace('"0.1.0"', f'"{version}"'))
        (project / "requirements.txt").write_text("pandas>=2.2\n")
        (project / "train.py").write_text(MODEL.replace("VERSION", version))
        done = package("build", project, "--base", base, "--json")
        assert done.code == 0, done.err
        tags.append(done.json["tag"])
    return tags[0], tags[1]


@dataclass
class UpdatedModel:
    """A running deployment in ``folder``."""

    folder: Path
    port: int
    tags: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(COMPOSE), "-f", str(self.folder / "compose.yml"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def serving(self) -> str:
        """The version that the folder says serves."""
        notes = json.loads((self.folder / ".files.json").read_text())["notes"]
        [one] = notes["models"].values()
        return str(one["version"])

    @property
    def other(self) -> str:
        """The tag of the version that does not serve."""
        return next(tag for tag in self.tags if not tag.endswith(self.serving))

    @property
    def services(self) -> list[str]:
        """The services that run replicas."""
        running = self.compose("ps", "--services", "--status", "running").split()
        return [name for name in running if name.startswith("model-")]

    def answer(self, path: str = "/predict", body: Any = None) -> dict[str, Any]:
        data = json.dumps(body if body is not None else {"rows": [ROW]}).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.loads(answer.read()))

    def update(self, *arguments: str) -> Done:
        return package(
            "deploy", "update", *arguments, "--output", self.folder, env=self.environment
        )

    def under_load(
        self, requests: int, rate: float, *arguments: str
    ) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
        """Counts and log of requests while an update runs, and what the update said."""
        log = self.folder.parent / "requests.jsonl"
        command = [PACKAGE, "deploy", "update", *arguments, "--output", self.folder]
        options = ["--rate", rate, "--requests", requests, "--row", json.dumps(ROW), "--log", log]
        done = subprocess.run(
            [sys.executable, str(LOAD), self.url, *map(str, options), "--", *map(str, command)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return json.loads(done.stdout.splitlines()[-1]), lines, done.stderr

    def stopped_at(self, step: str, number: signal.Signals, *arguments: str) -> str:
        """Start an update and send it a signal once it says ``step``; what it said in all."""
        process = subprocess.Popen(
            [PACKAGE, "deploy", "update", *arguments, "--output", str(self.folder)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if step in line:
                process.send_signal(number)
        process.wait()
        assert any(step in line for line in said), said
        return "".join(said)

    @contextmanager
    def bad(self, how: str, tag: str) -> Iterator[None]:
        """A version is ``broken``, ``wrong`` or ``slow`` within the block."""
        path = f"/state/{how}-{tag.partition(':')[2].partition('-')[0]}"
        [running, *_] = self.services
        touch = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"
        remove = "import pathlib, sys; pathlib.Path(sys.argv[1]).unlink(missing_ok=True)"
        python = "/opt/venv/bin/python"
        self.compose("exec", "-T", running, python, "-c", touch, path)
        try:
            yield
        finally:
            [running, *_] = self.services
            self.compose("exec", "-T", running, python, "-c", remove, path)


@contextmanager
def updated_model(folder: Path, tags: Sequence[str], port: int) -> Iterator[UpdatedModel]:
    """Two replicas of the first version, without services beside the model."""
    path = f"{COMPOSE.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **service_images(), "PATH": path}
    parts = ("prometheus", "alertmanager", "grafana", "tracker")
    left_out = [word for part in parts for word in ("--without", part)]
    options = ["--output", folder, "--port", port, "--replicas", 2, *left_out]
    done = package("deploy", "compose", tags[0], *options, env=environment)
    assert done.code == 0, done.err
    model = UpdatedModel(folder, port, tags, environment)
    try:
        model.compose("up", "--detach")
        until = time.monotonic() + 240
        while True:
            try:
                with urllib.request.urlopen(f"{model.url}/readyz", timeout=10):
                    break
            except OSError:
                assert time.monotonic() < until, model.compose("logs")
                time.sleep(0.5)
        yield model
    finally:
        model.compose("down", "--volumes", "--remove-orphans", "--timeout", "2")
