"""Processor time of builds without an engine, by step: first, unchanged, and trained again.

    .venv/bin/python benchmarks/build_steps.py [--project DIR] [--base IMAGE] [--unprepared]

The project is the starter of ``package init``, or a copy of ``--project``. When the first build
starts, the cache holds wheels and what ``package base`` makes: the base, and the layers that all
packages on it have in common; with ``--unprepared`` wheels and the base and nothing else. Before
the last one the results of check and training are removed. Each build runs in a new process, whose
own time and that of its children are told for each step that it reports, so a busy machine changes
them less than the wall clock. Without an engine a worker is a process, so its environments are
unpacked as well. Needs PyPI. A minute on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packager.build.context import BuildOptions
from packager.build.pipeline import build
from packager.cache import cache_directory
from packager.environment.platform import default_platform
from packager.image.base.base import find_made_base
from packager.image.export import Destination
from packager.image.shipped_layers import prepare_layers
from packager.progress import NullProgress
from packager.project.config import load_project

PACKAGE = Path(sys.executable).parent / "package"
KEPT = ("bases", "wheels")
HIDDEN = shutil.ignore_patterns(".*")  # what another build is writing
RESULTS = ("trained", "checks", "baselines")
Seconds = tuple[float, float, float]
"""Wall clock, processor time of the process, and that of the children it has waited for."""


def main() -> None:
    """Build three times, and print a table each."""
    given = _arguments()
    if given.prepare is not None:
        _prepare(given.base)
        return
    if given.one is not None:
        _one(given.one, given.base)
        return
    with tempfile.TemporaryDirectory(prefix="build-steps-") as name:
        folder = Path(name)
        project, cache = folder / "project", folder / "cache"
        if given.project is None:
            subprocess.run([PACKAGE, "init", project], check=True, capture_output=True)
        else:
            shutil.copytree(given.project, project)
        _run(project, given.base, None)  # fills the cache of wheels
        (project / "package.lock").unlink()
        cache.mkdir(mode=0o700)
        for kept in KEPT:
            shutil.copytree(cache_directory(kept), cache / kept, symlinks=True, ignore=HIDDEN)
        if not given.unprepared:
            print("\nwhat `package base` makes\n")
            print(_run(project, given.base, cache, "--prepare"), flush=True)
        for title in ("first", "again", "trained again"):
            if title == "trained again":
                for results in RESULTS:
                    shutil.rmtree(cache / results, ignore_errors=True)
            print(f"\n{title}, load {os.getloadavg()[0]:.1f}\n")
            print(_run(project, given.base, cache), flush=True)


def _run(project: Path, base: str, cache: Path | None, what: str = "--one") -> str:
    variables = {"MODEL_PACKAGER_CACHE": str(cache)} if cache else {}
    command = [sys.executable, __file__, what, project, "--base", base]
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


class Clock(NullProgress):
    """Seconds spent in each step."""

    def __init__(self) -> None:
        self.steps: dict[str, Seconds] = {}
        self._now, self._since = "start of the command", (time.monotonic() - _age(), 0.0, 0.0)

    def step(self, text: str) -> None:
        """End the step before."""
        now = _seconds()
        before = self.steps.get(self._now, (0.0, 0.0, 0.0))
        spent = [b + n - s for b, n, s in zip(before, now, self._since, strict=True)]
        self.steps[self._now] = (spent[0], spent[1], spent[2])
        self._now, self._since = text, now


def _age() -> float:
    """Seconds since this process was started."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _seconds() -> Seconds:
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return (
        time.monotonic(),
        own.ru_utime + own.ru_stime,
        others.ru_utime + others.ru_stime,
    )


def _prepare(base: str) -> None:
    """Make the common layers in this process; print their table."""
    base_image = find_made_base(base, default_platform(), None)
    if base_image is None:
        raise SystemExit(f"{base}: make it with `package base`, or use --unprepared")
    clock = Clock()
    prepare_layers(base_image, clock)
    clock.step("end")
    print(_table(clock))


def _one(project: Path, base: str) -> None:
    """Build in this process; print the table."""
    clock = Clock()
    output = Destination("oci", project.parent / "image")
    options = BuildOptions(base=base, allow_findings=True)
    built = build(load_project(project), output, None, clock, options)
    clock.step("end")
    print(_table(clock))
    layers = {layer.name: layer.diff_id for layer in built.images[-1].layers}
    print(f"\nroot {built.manifest.root}, layers {json.dumps(layers)}")


def _table(clock: Clock) -> str:
    lines = ["| step, s | wall | command | its children |", "|---|---|---|---|"]
    for name, spent in clock.steps.items():
        lines.append(f"| {name[:60]} | {' | '.join(f'{value:.2f}' for value in spent)} |")
    whole = [sum(values) for values in zip(*clock.steps.values(), strict=True)]
    return "\n".join([*lines, f"| **whole** | {' | '.join(f'{value:.2f}' for value in whole)} |"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", type=Path, help="a folder with package.toml")
    parser.add_argument("--base", default="package-base:bookworm-python3.11")
    parser.add_argument("--unprepared", action="store_true", help="wheels and base alone")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
