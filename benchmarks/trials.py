"""Tests builds that are killed or run out of disk at random moments, and a normal build after.

`.venv/bin/python benchmarks/trials.py [TIMES]` runs TIMES (default 20) of each kind: kill -9 of a
build into an OCI folder; kill -9 of a build into the engine, if there is one; and a full disk of
the cache, the scratch folder, the output and the project in turn, each a separate file system
(root, Linux). After each trial no incomplete file may have a final name; after each kind, a normal
build must give the same config digest as before, and leave nothing behind in the cache or in the
engine.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.image.base.base import find_base
from packager.image.base.debian import base_name

PACKAGE = Path(sys.executable).parent / "package"
NO_ENGINE = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
PLACES = ("cache", "scratch", "output", "project")
MB = 1_000_000


@dataclass(frozen=True)
class Trial:
    """A project, its folders, and how it is built."""

    folder: Path
    to_engine: bool
    base: tuple[str, ...]

    @property
    def image(self) -> Path:
        return self.folder / "output" / "image"

    @property
    def command(self) -> list[str]:
        output = [] if self.to_engine else ["--output", f"oci:{self.image}"]
        project = self.folder / "project" / "p"
        return [str(PACKAGE), "build", str(project), *self.base, *output, "--json"]

    @property
    def environment(self) -> dict[str, str]:
        own = {"MODEL_PACKAGER_CACHE": str(self.folder / "cache"), "TMPDIR": str(self.scratch)}
        return {**os.environ, **own, **({} if self.to_engine else NO_ENGINE)}

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def prepare(self) -> None:
        """Make the folders, a starter project, and a cache with downloads but without layers."""
        for place in PLACES:
            (self.folder / place).mkdir(parents=True)
        self.fill("cache")
        self.fill("project")

    def fill(self, place: str) -> None:
        """Write the files that a build needs in ``place``."""
        if place == "cache":
            for kept in ("wheels", "bases"):
                (self.folder / "cache" / kept).symlink_to(cache_directory(kept))
        if place == "project":
            made = [PACKAGE, "init", self.folder / "project" / "p"]
            subprocess.run(made, check=True, capture_output=True)

    def finished(self) -> tuple[str, float]:
        """Config digest of an undisturbed build, and its duration in seconds."""
        started = time.monotonic()
        done = subprocess.run(self.command, env=self.environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit("error: a build that was left alone failed")
        told = json.loads(done.stdout)
        if self.to_engine:
            engine = Engine.connect()
            assert engine is not None
            engine.remove(told["tag"])
            engine.remove(told["companion"]["tag"])
        return told["config_digest"], time.monotonic() - started

    def half(self) -> list[str]:
        """Incomplete files with a final name."""
        bad = []
        if self.image.exists():
            inspect = [PACKAGE, "inspect", self.image, "--json"]
            if subprocess.run(inspect, capture_output=True, env=self.environment).returncode:
                bad.append("the OCI folder is not whole")
            shutil.rmtree(self.image)
        for path in (self.folder / "project" / "p").glob("package.*.json"):
            json.loads(path.read_text())
        return bad

    def left(self) -> list[str]:
        """Leftovers of a successful build."""
        found = [str(path) for path in (self.folder / "cache" / "work").iterdir()]
        found += [str(path) for path in self.image.parent.iterdir() if path != self.image]
        if self.to_engine:
            engine = Engine.connect()
            assert engine is not None
            found += [tag for tag in engine.tags() if "model-packager-" in tag]
            asked = ["docker", "ps", "-aq", "--filter", "label=model-packager.owner"]
            found += subprocess.check_output(asked, text=True).split()
        return found


def main(times: int) -> None:
    bad: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        base = base_of()
        for to_engine in (False, True):
            if to_engine and (Engine.connect() is None or not base):
                continue
            trial = Trial(Path(name) / f"kills-{to_engine}", to_engine, base if to_engine else ())
            trial.prepare()
            bad += kills(trial, times)
        if sys.platform == "linux" and os.getuid() == 0:
            trial = Trial(Path(name) / "full", False, ())
            trial.prepare()
            bad += full_disks(trial, times)
    print("all right" if not bad else "\n".join(bad))
    sys.exit(bool(bad))


def base_of() -> tuple[str, ...]:
    name = base_name()
    found = name and find_base(name, default_platform(), None)
    return ("--base", name) if name and found else ()


def kills(trial: Trial, times: int) -> list[str]:
    where = "the engine" if trial.to_engine else "an OCI folder"
    print(f"kill -9 of builds into {where}")
    right, seconds = trial.finished()
    draw, bad = random.Random(7), []
    for number in range(times):
        # Every second trial rebuilds all layers.
        if number % 2:
            shutil.rmtree(trial.folder / "cache" / "layers")
        moment = draw.uniform(0.3, seconds)
        print(f"{number:3}  after {moment:5.1f} s  {killed(trial, moment)}", flush=True)
        bad += trial.half()
    return bad + ending(trial, right)


def killed(trial: Trial, moment: float) -> str:
    """Kill a build and all its processes; return the last line of its output."""
    process = subprocess.Popen(
        trial.command, env=trial.environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    said = process.communicate()[1].strip().splitlines()
    return said[-1].strip() if said else "(nothing yet)"


def full_disks(trial: Trial, times: int) -> list[str]:
    right, _ = trial.finished()
    draw, bad, full = random.Random(7), [], 0
    takes = {place: taken(trial, place) for place in PLACES}
    for number in range(times):
        place = PLACES[number % len(PLACES)]
        size = draw.uniform(*takes[place])
        with small_disk(trial.folder / place, size):
            trial.fill(place)
            done = subprocess.run(
                trial.command, env=trial.environment, capture_output=True, text=True
            )
            said = next((s for s in done.stderr.splitlines() if s.startswith("error")), "built")
            print(f"{number:3}  {place} of {size:6.1f} MB  {said[:110]}", flush=True)
            if "Traceback" in done.stderr or (done.returncode and done.stdout):
                bad.append(f"not one clear error: {done.stderr[-1500:]}")
            full += "No space left on device" in done.stderr
            bad += trial.half()
    print(f"{full} of {times} found the disk full")
    return bad + ending(trial, right)


def taken(trial: Trial, place: str) -> tuple[float, float]:
    """MB in ``place`` before a build, and the maximum during it; a disk between is too small."""
    folder = trial.folder / place
    with small_disk(folder, 8000):
        trial.fill(place)
        before = most = shutil.disk_usage(folder).used
        build = subprocess.Popen(
            trial.command, env=trial.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while build.poll() is None:
            most = max(most, shutil.disk_usage(folder).used)
            time.sleep(0.005)
    print(f"a build takes {(most - before) / MB:.2f} MB of the {place}")
    return before / MB, most / MB


@contextmanager
def small_disk(place: Path, size: float) -> Iterator[None]:
    """Mount an empty file system of ``size`` MB at ``place`` during the block."""
    option = f"size={int(size * MB)}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"{option},mode=700", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def ending(trial: Trial, right: str) -> list[str]:
    """Errors of a normal build after the trials."""
    found, _ = trial.finished()
    left = trial.left()
    print(f"then a normal build: {'right' if found == right else 'WRONG'}; left over: {left}\n")
    return [f"left over: {left}"] * bool(left) + ["another digest"] * (found != right)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
