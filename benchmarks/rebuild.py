"""Compares first builds and rebuilds with ``docker build`` of the rendered Dockerfile, in one run.

`.venv/bin/python benchmarks/rebuild.py` needs an engine, and runs from a checkout after
`make setup`. Wheels and the base are cached for both sides; layers and Docker's build steps are
not, the first time. The model was trained elsewhere, so all the time is packaging. ``docker build``
only makes an image of the finished file tree; our build starts from the project, locks, checks,
and smoke-tests the started image.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from packager.build.context import BuildOptions
from packager.build.pipeline import build
from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.image.base.base import find_base
from packager.image.base.debian import base_name
from packager.image.export import Destination, load_into
from packager.progress import LayerSource, NullProgress
from packager.project.config import load_project
from packager.text import format_bytes

HERE = Path(__file__).resolve()
MB = 1_000_000
REPEATS = 3
SMOKE_TEST = "starting the image: no network, read-only, no capabilities"
FILES = {
    "package.toml": """[package]
name = "bench"
version = "1"
task = "regression"
[data]
source = "rows.csv"
target = "y"
embed = "none"
[model]
path = "model.npy"
[serve]
predictor = "predict:Predictor"
""",
    "requirements.txt": "numpy\npandas\nscikit-learn\n",
    "predict.py": """import numpy as np
class Predictor:
    @classmethod
    def load(cls, path):
        self = cls()
        self.weights = np.load(path, mmap_mode="r")
        return self
    def predict(self, frame):
        return frame["x"].to_numpy(float) * float(self.weights[0])
""",
    "rows.csv": "x,y\n" + "".join(f"{i / 7},{i / 3}\n" for i in range(200)),
}


class Clock(NullProgress):
    """Seconds spent in each step, and bytes sent."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.sent = 0
        self._now, self._since = "start", time.monotonic()

    def step(self, text: str) -> None:
        moment = time.monotonic()
        spent = self.seconds.get(self._now, 0.0) + moment - self._since
        self.seconds[self._now] = spent
        self._now, self._since = text, moment

    def item(self, _name: str, how: LayerSource, size: int, _seconds: float) -> None:
        self.sent += size if how == "sent" else 0


@dataclass
class Measured:
    """Cost of one change, per repetition."""

    ours: list[float] = field(default_factory=list)
    smoke_test: list[float] = field(default_factory=list)
    sent: int = 0
    rss: int = 0
    docker: list[float] = field(default_factory=list)
    context: int = 0


def one(project: str, base: str) -> None:
    """Build in this process; print the cost as JSON."""
    clock, started = Clock(), time.monotonic()
    built = build(
        load_project(Path(project)),
        Destination("docker"),
        Engine.connect(),
        clock,
        BuildOptions(base=base),
    )
    clock.step("end")
    cost = {"seconds": time.monotonic() - started, "steps": clock.seconds, "sent": clock.sent}
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**cost, "rss": rss, "tag": built.images[0].name}))


def main() -> None:
    engine, base = Engine.connect(), base_name()
    if engine is None or base is None or find_base(base, engine.platform, None) is None:
        sys.exit("error: this needs an engine, and the base that `package base` makes")
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Path(temporary), engine, base)
        try:
            bench.run()
        finally:
            bench.clear()


class Bench:
    """One project that is changed repeatedly, and built both ways after each change."""

    def __init__(self, folder: Path, engine: Engine, base: str) -> None:
        self.project, self.tree, self.cache = (folder / n for n in ("bench", "tree", "cache"))
        self.engine, self.base = engine, base
        self.tags: set[str] = {"bench-docker:1"}
        self.had_base = engine.describe(base) is not None
        self.project.mkdir()
        for name, text in FILES.items():
            (self.project / name).write_text(text)

    def run(self) -> None:
        found = find_base(self.base, self.engine.platform, None)
        assert found is not None
        load_into(self.engine, found.image, NullProgress())
        self.model(MB, 0)
        self.package()  # fills the wheelhouse
        for kept in ("wheels", "bases"):
            shutil.copytree(cache_directory(kept), self.cache / kept, symlinks=True)
        os.environ["MODEL_PACKAGER_CACHE"] = str(self.cache)
        self.forget()
        print(
            "| change | package build | of it: smoke test | sent | peak memory "
            "| docker build | context |"
        )
        print("|---|---|---|---|---|---|---|")
        self.measure("first, wheels cached", lambda _: None, 1, first=True)
        self.measure("code", self.code, REPEATS)
        self.measure("one requirement", self.requirement, 2)
        self.measure("model of 1 MB", lambda n: self.model(MB, n), REPEATS)
        self.measure("model of 1 GB", lambda n: self.model(1000 * MB, n), REPEATS)
        self.measure("model of 3 GB", lambda n: self.model(3000 * MB, n), 1)

    def measure(
        self, what: str, change: Callable[[int], None], times: int, *, first: bool = False
    ) -> None:
        cost = Measured()
        for number in range(1, times + 1):
            change(number)
            told = self.package()
            cost.ours.append(told["seconds"])
            cost.smoke_test.append(told["steps"][SMOKE_TEST])
            cost.sent, cost.rss = told["sent"], max(cost.rss, told["rss"])
            self.export(told["tag"])
            cost.docker.append(self.docker(fresh=first))
            cost.context = sum(p.lstat().st_size for p in self.tree.rglob("*") if p.is_file())
            shutil.rmtree(self.tree)
        cells = [
            f"{statistics.median(cost.ours):.1f} s", f"{statistics.median(cost.smoke_test):.1f} s",
            format_bytes(cost.sent), format_bytes(cost.rss),
            f"{statistics.median(cost.docker):.1f} s", format_bytes(cost.context),
        ]  # fmt: skip
        print(f"| {what} | {' | '.join(cells)} |", flush=True)

    def package(self) -> dict[str, Any]:
        command = [sys.executable, str(HERE), "one", str(self.project), self.base]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        told: dict[str, Any] = json.loads(done.stdout)
        self.tags.add(told["tag"])
        return told

    def export(self, tag: str) -> None:
        """Write the file tree of the image ``tag`` as build context for Dockerfile.template."""
        self.tree.mkdir()
        name = subprocess.check_output(["docker", "create", tag], text=True).strip()
        parts = "opt code models package"
        subprocess.run(
            f"docker export {name} | tar -x -C {self.tree} {parts}; docker rm {name} >/dev/null",
            shell=True, check=True,
        )  # fmt: skip

    def docker(self, *, fresh: bool) -> float:
        command = ["docker", "build", "--quiet", "--network", "none", "--tag", "bench-docker:1"]
        command += ["--file", str(self.tree / "package" / "Dockerfile")]
        command += ["--no-cache"] if fresh else []
        started = time.monotonic()
        subprocess.run(
            [*command, str(self.tree)], check=True, capture_output=True,
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )  # fmt: skip
        return time.monotonic() - started

    def model(self, size: int, number: int) -> None:
        with (self.project / "model.npy").open("wb") as file:
            count = size // 8
            header = {"descr": "<f8", "fortran_order": False, "shape": (count,)}
            np.lib.format.write_array_header_1_0(file, header)
            draw = np.random.default_rng(number)
            for start in range(0, count, MB):
                file.write(draw.random(min(MB, count - start)).tobytes())

    def code(self, number: int) -> None:
        (self.project / "predict.py").write_text(FILES["predict.py"] + f"# {number}\n")

    def requirement(self, number: int) -> None:
        more = ["tabulate", "tqdm"][number - 1]
        (self.project / "requirements.txt").write_text(FILES["requirements.txt"] + more + "\n")

    def forget(self) -> None:
        for tag in self.tags:
            if self.engine.describe(tag) is not None:
                self.engine.remove(tag)

    def clear(self) -> None:
        self.forget()
        if not self.had_base:
            self.engine.remove(self.base)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(*sys.argv[2:])
    else:
        main()
