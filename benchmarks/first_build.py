"""Sizes, and seconds per step, of builds of the diamonds example: first, again, after changes.

With an engine each is done beside `docker build` of the rendered Dockerfile (`--engine docker`),
which starts from the same assembled files: what it takes longer is what Docker's builder costs.

Run it from a checkout after `make setup`: `.venv/bin/python benchmarks/first_build.py`. It takes
the engine if one answers, and keeps its layers in a cache of its own; wheels and the base are
copied into it first, so that no download is timed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packager.build import Built, build
from packager.cache import cache_directory
from packager.console import human_bytes
from packager.image.debian import base_name, make_base
from packager.image.docker_build import Builder
from packager.image.engine import Engine
from packager.image.outputs import Output
from packager.progress import How, Silent
from packager.project import load_project

TOP = Path(__file__).resolve().parent.parent


class Clock(Silent):
    """Seconds spent in each step, and bytes sent."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.sent = 0
        self._now, self._since = "start", time.monotonic()

    def step(self, text: str) -> None:
        moment = time.monotonic()
        spent = self.seconds.get(self._now, 0.0) + moment - self._since
        self.seconds[self._now] = spent
        self._now, self._since = text.split(" oci:")[0], moment

    def item(self, _name: str, how: How, size: int, _seconds: float) -> None:
        self.sent += size if how == "sent" else 0


def main() -> None:
    engine = Engine.connect()
    name = base_name()
    if name is None:
        sys.exit("error: no base can be made on this system")
    make_base(engine, Silent())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        project = folder / "diamonds"
        shutil.copytree(TOP / "examples" / "diamonds", project)
        subprocess.run([sys.executable, project / "prepare.py"], check=True, capture_output=True)
        output = Output("docker") if engine else Output("oci", folder / "image")
        measure("fill the wheelhouse", project, output, engine, name)
        for kept in ("wheels", "bases"):
            shutil.copytree(cache_directory(kept), folder / "cache" / kept, symlinks=True)
        os.environ["MODEL_PACKAGER_CACHE"] = str(folder / "cache")
        built = measure("first build, wheels cached", project, output, engine, name)
        measure("again, nothing changed", project, output, engine, name)
        edit(project / "package.toml", "max_iter = 120", "max_iter = 121")
        made = [built, measure("after a retrain", project, output, engine, name)]
        edit(project / "train.py", "# From worst to best", "# From the worst to the best")
        made.append(measure("after a change of code", project, output, engine, name))
        if engine:
            made.append(measure("docker build", project, output, engine, name, "docker"))
            edit(project / "package.toml", "max_iter = 121", "max_iter = 122")
            what = "docker build after a retrain"
            made.append(measure(what, project, output, engine, name, "docker"))
        table(built)
        for image in [image for one in made for image in one.images] if engine else ():
            engine.remove(image.name)


def measure(
    what: str,
    project: Path,
    output: Output,
    engine: Engine | None,
    base: str,
    builder: Builder = "assemble",
) -> Built:
    clock = Clock()
    started = time.monotonic()
    built = build(load_project(project), output, engine, clock, base=base, builder=builder)
    clock.step("end")
    total = time.monotonic() - started
    training = clock.seconds["training"]
    print(f"\n{what}: {total:.1f} s, {total - training:.1f} s beyond training")
    for step, seconds in clock.seconds.items():
        if seconds >= 0.05:
            print(f"  {step:<46} {seconds:6.1f} s")
    print(f"  {'sent to the engine':<46} {human_bytes(clock.sent):>8}")
    return built


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def table(built: Built) -> None:
    print("\nlayers of the image")
    for layer in built.images[0].layers:
        print(f"  {layer.name:<46} {human_bytes(layer.size):>8}")
    print(f"  {'total':<46} {human_bytes(built.images[0].size):>8}")


if __name__ == "__main__":
    main()
