"""Measures a first build, the same build again, one with changed code, and a replay, in an engine.

    .venv/bin/python benchmarks/first_build.py [PROJECT] [--base NAME] [--runs 3]

PROJECT is copied; by default it is what ``package init`` writes. Wheels and bases of this user's
cache are used; layers, results and the lock are made anew in a cache of its own. An engine that
holds layers of equal wheels already does not get them again: for an engine that holds nothing, name
a new one with ``DOCKER_HOST``. The processor time is that of the command and its children; that of
the containers is the engine's.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packager.cache import cache_directory
from packager.image.base.debian import base_name

PROGRAM = str(Path(sys.executable).parent / "package")


class Bench:
    """One project and a cache of its own."""

    def __init__(self, folder: Path, project: Path | None, base: str) -> None:
        self.cache, self.project, self.base = folder / "cache", folder / "project", base
        for kept in ("wheels", "bases"):
            shutil.copytree(cache_directory(kept), self.cache / kept, symlinks=True)
        self.cache.chmod(0o700)
        if project is None:
            self.run("init", str(self.project))
        else:
            shutil.copytree(project, self.project)

    def run(self, *arguments: str) -> str:
        """The standard output of ``package``."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env={**os.environ, "MODEL_PACKAGER_CACHE": str(self.cache)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(done.stderr)
        return done.stdout.strip()

    def build(self, what: str) -> str:
        """Build, and print the cost; return the tag."""
        return self.measured(what, "build", str(self.project), "--base", self.base)

    def measured(self, what: str, *arguments: str) -> str:
        """Run ``package``, and print wall-clock and processor time."""
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = self.run(*arguments)
        wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"| {what} | {wall:.1f} s | {used:.1f} s |", flush=True)
        return answer

    def forget(self) -> None:
        """Remove all that builds make but wheels and bases."""
        for made in self.cache.iterdir():
            if made.name not in ("wheels", "bases"):
                shutil.rmtree(made) if made.is_dir() else made.unlink()
        (self.project / "package.lock").unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", nargs="?", type=Path)
    parser.add_argument("--base", default=base_name())
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print("| what | whole command | processor time |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), options.project, options.base)
        for number in range(options.runs):
            bench.forget()
            bench.build("first, wheels cached")
            tag = bench.build("again")
            bench.measured("replay", "replay", tag)
            code = next(bench.project.rglob("*.py"))
            code.write_text(code.read_text() + f"# {number}\n")
            bench.build("code changed")


if __name__ == "__main__":
    main()
