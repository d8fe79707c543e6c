"""Times the first build of a project, and a second without a change, by phase. 5 minutes.

    .venv/bin/python benchmarks/first_build.py [--rounds 3] [--quick] [--project DIR] [--base IMAGE]
                                               [--unprepared]

The project is the starter of ``package init``, or a copy of ``--project``. When a first build
starts, the cache holds the wheels of its lock and what ``package base`` makes: the base, and the
layers that all packages on it have in common, which are those of the server's, the harness's and
treelite's wheels and of both runtimes; the engine holds the lowest of them, as it does after
``package base``. With ``--unprepared`` the cache holds wheels and the base and nothing else, and
the engine what it held before. The starter's requirements leave a choice, so its lock has the
harness's versions and most of its layers are among those; the column *other lock* is the first
build of the same project with older pandas and scikit-learn, whose layers are not.

Images are removed from the engine afterwards, but layers that other images in the engine have are
not sent again: the line *layers sent* says how many were. The whole command is timed, with the
start of Python and of the image. Then follow the size of the image, and the layers that the served
images of both locks have in common. The minutes are those of a quiet machine; ``--quick`` builds
once and takes three. Needs an engine, and PyPI.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.image.base.base import find_made_base
from packager.image.layers import Layer
from packager.image.reference import open_reference
from packager.image.shipped_layers import prepare_layers
from packager.progress import NullProgress

PACKAGE = Path(sys.executable).parent / "package"
NAME = "first-build-benchmark"
KEPT = ("bases", "wheels")
PREPARED = ("layers", "listings")
OLDER = "pandas==2.2.3\nscikit-learn==1.6.1\n"
STEP, START = "• ", "start of the command"
MAX_FIRST_SECONDS, MAX_AGAIN_SECONDS, MAX_IMAGE_MB = 14.0, 6.0, 402.0
BUILD_SECONDS = 600


@dataclass(frozen=True)
class Timed:
    """One build."""

    seconds: float
    phases: dict[str, float]
    """Seconds of each step that the command reports."""
    sent: int
    """Layers sent to the engine."""
    tags: tuple[str, ...]
    """Of the image and of its companion, if there is one."""


def main() -> None:
    """Build, and print the tables."""
    given = _arguments()
    first, again, other, size = [], [], [], 0
    with tempfile.TemporaryDirectory(prefix="first-build-") as name:
        folder = Path(name)
        _say("filling the cache of wheels, and comparing the layers of two locks")
        shared = _shared(given.project, given.base, folder)
        kept = _new_cache(cache_directory(), folder / "kept")
        if not given.unprepared:
            _say("making the layers that all packages have in common")
            _prepare(given.base, kept)
        for turn in range(1 if given.quick else given.rounds):
            _say(f"round {turn + 1}, load {os.getloadavg()[0]:.1f}")
            project = _project(given.project, folder / f"round-{turn}")
            older = _older(given.project, folder / f"older-{turn}")
            cache = _new_cache(kept, folder / f"cache-{turn}")
            try:
                first.append(_build(project, given.base, "docker", cache))
                again.append(_build(project, given.base, "docker", cache))
                size = _size(again[-1].tags[0])
                shutil.rmtree(cache)
                cache = _new_cache(kept, cache)
                other.append(_build(older, given.base, "docker", cache))
            finally:
                _remove({tag for one in (*first, *again, *other) for tag in one.tags})
            shutil.rmtree(cache)
    print(_phases(first, again, other))
    print(f"\nimage: {_against(size / 1e6, MAX_IMAGE_MB, 'MB')}\n\n{shared}")


def _prepare(base: str, cache: Path) -> None:
    """Make in ``cache`` the layers that ``package base`` makes there."""
    own = os.environ.get("MODEL_PACKAGER_CACHE")
    os.environ["MODEL_PACKAGER_CACHE"] = str(cache)
    try:
        base_image = find_made_base(base, default_platform(), Engine.connect())
        if base_image is None:
            raise SystemExit(f"{base}: make it with `package base`, or use --unprepared")
        started, processor = time.monotonic(), time.process_time()
        prepare_layers(base_image, NullProgress())
        spent = time.process_time() - processor
        _say(f"{time.monotonic() - started:.1f} s, of the processor {spent:.1f} without children")
    finally:
        del os.environ["MODEL_PACKAGER_CACHE"]
        if own is not None:
            os.environ["MODEL_PACKAGER_CACHE"] = own


def _project(source: Path | None, folder: Path) -> Path:
    """A new copy of the project, without lock and record."""
    project = folder / NAME
    if source is None:
        folder.mkdir()
        command = [str(PACKAGE), "init", str(project)]
        subprocess.run(command, check=True, capture_output=True)
    else:
        left_out = shutil.ignore_patterns("package.lock", "package.build.json", ".git", ".venv")
        shutil.copytree(source, project, ignore=left_out)
    return project


def _older(source: Path | None, folder: Path) -> Path:
    """The project with older versions of its requirements."""
    project = _project(source, folder)
    (project / "requirements.txt").write_text(OLDER)
    return project


def _new_cache(kept: Path, cache: Path) -> Path:
    """A copy of ``kept``: the user's cache without layers, or one that was prepared."""
    cache.mkdir(mode=0o700)
    for name in KEPT if kept == cache_directory() else (*KEPT, *PREPARED):
        if not (kept / name).is_dir():
            continue  # not prepared
        ignore = shutil.ignore_patterns(".*")  # what another build is writing
        source, target = kept / name, cache / name
        shutil.copytree(source, target, symlinks=True, copy_function=_link, ignore=ignore)
    return cache


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)


def _build(project: Path, base: str, output: str, cache: Path | None = None) -> Timed:
    """Run ``package build``; its steps are timed by the moment it reports them."""
    command = ["timeout", str(BUILD_SECONDS), str(PACKAGE), "build", str(project), "--json"]
    command += ["--base", base, "--output", output, "--allow-findings"]
    variables = {"MODEL_PACKAGER_CACHE": str(cache)} if cache else {}
    phases: dict[str, float] = defaultdict(float)
    now, since, sent, said = START, time.monotonic(), 0, []
    begun = since
    with subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            sent += "  sent  " in line
            if line.startswith(STEP):
                moment = time.monotonic()
                phases[now] += moment - since
                now, since = line.removeprefix(STEP).strip(), moment
        built = process.stdout.read()
    ended = time.monotonic()
    phases[now] += ended - since
    if process.returncode:
        raise SystemExit("".join(said))
    document = json.loads(built)
    companion = document.get("companion") or {}
    tags = tuple(tag for tag in (document.get("tag"), companion.get("tag")) if tag)
    return Timed(ended - begun, dict(phases), sent, tags)


def _shared(source: Path | None, base: str, folder: Path) -> str:
    """The layers in common of two served images, as a table."""
    one, other = _project(source, folder / "one"), _older(source, folder / "other")
    images = []
    for project in (one, other):
        image = project.parent / "image"
        _build(project, base, f"oci:{image}")
        with open_reference(f"oci:{image}", None) as reference:
            images.append({layer.diff_id: layer for layer in reference.image().layers})
    common = [layer for digest, layer in images[0].items() if digest in images[1]]
    lines = [
        "| served image | layers | MB |",
        "|---|---|---|",
        *(
            f"| {title} | {len(layers)} | {_megabytes(layers):.1f} |"
            for title, layers in (
                ("this lock", list(images[0].values())),
                ("older pandas and scikit-learn", list(images[1].values())),
                ("in both", common),
            )
        ),
    ]
    return "\n".join([*lines, "", "in both: " + ", ".join(layer.name for layer in common)])


def _megabytes(layers: list[Layer]) -> float:
    return sum(layer.size for layer in layers) / 1e6


def _phases(first: list[Timed], again: list[Timed], other: list[Timed]) -> str:
    columns = (first, again, other)
    lines = ["| phase, s: median | first build | again | other lock |", "|---|---|---|---|"]
    for name in dict.fromkeys(name for each in columns for one in each for name in one.phases):
        cells = [median(one.phases.get(name, 0.0) for one in each) for each in columns]
        lines.append(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")
    whole = [median(one.seconds for one in each) for each in columns]
    totals = [
        _against(whole[0], MAX_FIRST_SECONDS, "s"),
        _against(whole[1], MAX_AGAIN_SECONDS, "s"),
    ]
    lines.append(f"| **whole command** | {totals[0]} | {totals[1]} | {whole[2]:.1f} s |")
    sent = [median(one.sent for one in each) for each in columns]
    lines.append(f"| layers sent | {' | '.join(f'{count:.0f}' for count in sent)} |")
    return "\n".join(lines)


def _against(value: float, bound: float, unit: str) -> str:
    return f"{value:.1f} {unit} (≤ {bound:g}{'' if value <= bound else ' missed'})"


def _size(tag: str) -> int:
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", tag]
    return int(subprocess.check_output(command, text=True))


def _remove(tags: set[str]) -> None:
    subprocess.run(["docker", "rmi", *sorted(tags)], capture_output=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round: proves that all runs")
    parser.add_argument("--project", type=Path, help="a folder with package.toml")
    parser.add_argument("--unprepared", action="store_true", help="wheels and base alone")
    parser.add_argument("--base", default="package-base:bookworm-python3.11")
    return parser.parse_args()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
