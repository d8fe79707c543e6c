"""Measures how often ``package test --previous`` is wrong about the processor time of a model.

`.venv/bin/python benchmarks/previous_time.py [--repeats 20]` builds three packages of boosted
stumps in NumPy, without an engine: the last one, an unchanged one, and one of twice as many stumps.
Each repeat runs the verb ``timed`` of two packages six to twelve times in turn on 1,000 rows, as
``package test --previous`` does, and judges the ratios at the part of the budget that the family
``time`` has if all families are judged. The unchanged model runs beside two processes that compute
all the time. Exits 1 if an unchanged model fails, or one of twice the work doesn't.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
import pandas as pd

from packager.digest import hash_files
from packager.image.layers import plain_layer
from packager.image.reference import open_reference
from packager.image.stack import entries
from packager.manifest.policy import SHARES, Policy
from packager.progress import NullProgress
from packager.runners.package import package_worker
from packager.runners.runner import Worker
from packager.testing.previous_time import in_turn
from packager.testing.run import PLACE
from packager.worker.job import DataTestJob, PreviousTimes
from packager.worker.test.timing import timing
from packager.worker.test.verdict import judge

ROWS, COLUMNS, STUMPS = 1_000, 8, 400
MADE = {"last": ("1.0.0", 1), "same": ("1.0.1", 1), "double": ("1.1.0", 2)}
"""Package → its version, and how many times as many stumps it has."""
HEAD = (
    "| model | repeats | ratio: median | least | most | variation | verdicts | load |\n"
    "|---|---|---|---|---|---|---|---|"
)
NO_ENGINE = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
TOML = """
[package]
name = "stumps"
version = "{version}"
task = "classification"
[data]
source = "rows.csv"
target = "kind"
[recipe]
train = "train:train"
seed = 7
[recipe.params]
stumps = {stumps}
[requirements]
file = "requirements.txt"
"""
TRAIN = """
import numpy as np


class Stumps:
    def __init__(self, columns, cuts, weights):
        self.columns, self.cuts, self.weights = columns, cuts, weights

    def predict(self, frame):
        cells = frame.to_numpy(np.float64)
        total = np.zeros(len(cells))
        for column, cut, step in zip(self.columns, self.cuts, self.weights):
            total += np.where(cells[:, column] > cut, step, -step)
        return np.where(total > 0, "yes", "no")


def train(features, target, *, params, seed):
    draw = np.random.default_rng(seed)
    cells = features.to_numpy(np.float64)
    columns = draw.integers(0, cells.shape[1], params["stumps"])
    cuts = np.array([draw.choice(cells[:, column]) for column in columns])
    right = np.where(target == "yes", 1.0, -1.0)
    steps = [np.mean(np.where(cells[:, c] > cut, right, -right)) for c, cut in zip(columns, cuts)]
    return Stumps(columns, cuts, np.array(steps))
"""


def rows(count: int, seed: int) -> pd.DataFrame:
    """Numbers, and a class that depends on two of them."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{at}": draw.normal(size=count) for at in range(COLUMNS)})
    score = frame["x0"] + frame["x1"] + draw.normal(size=count)
    return frame.assign(kind=np.where(score > 0, "yes", "no"))


def built(folder: Path, version: str, stumps: int) -> str:
    """Build a package of ``stumps``; its reference."""
    folder.mkdir()
    rows(3_000, 1).to_csv(folder / "rows.csv", index=False)
    (folder / "package.toml").write_text(TOML.format(version=version, stumps=stumps))
    (folder / "train.py").write_text(TRAIN)
    (folder / "requirements.txt").write_text("numpy\npandas\n")
    place = f"oci:{folder / 'image'}"
    command = [Path(sys.executable).parent / "package", "build", folder, "--output", place]
    done = subprocess.run(command, env={**os.environ, **NO_ENGINE}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return place


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Processes that compute all the time."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for one in started:
            one.kill()
            one.wait()


def measure(now: Worker, before: Worker, job: DataTestJob) -> tuple[float, str]:
    """The ratio, and the verdict, of one repeat."""
    times = PreviousTimes(tag="last", ratios=in_turn(now, before, job))
    policy = Policy(false_alarm=Policy().false_alarm * SHARES["time"])
    (family,) = judge({"time": timing("not measured here", policy, times)}, policy)
    (check,) = family.checks
    assert check.now is not None
    return check.now, check.verdict


def line(name: str, found: Sequence[tuple[float, str]], load: float) -> str:
    """A line of the table."""
    ratios, verdicts = zip(*found, strict=True)
    counts = ", ".join(f"{one} {verdicts.count(one)}" for one in dict.fromkeys(verdicts))
    spread = f"{stdev(ratios) / mean(ratios):.3f}" if len(found) > 1 else "-"
    return (
        f"| {name} | {len(found)} | {median(ratios):.3f} | {min(ratios):.3f} | {max(ratios):.3f} "
        f"| {spread} | {counts} | {load:.1f} |"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    asked = parser.parse_args(arguments)
    found: dict[str, list[tuple[float, str]]] = {"same": [], "double": []}
    loads: dict[str, list[float]] = {"same": [], "double": []}
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        new = folder / "new.csv"
        rows(ROWS, 2).to_csv(new, index=False)
        files = [*entries(hash_files({new.name: new}), PLACE)]
        layer = plain_layer("new", folder / "new.tar", files)
        workers = {}
        for name, (version, times) in MADE.items():
            image = built(folder / name, version, times * STUMPS)
            package = stack.enter_context(open_reference(image, None))
            opened = package_worker(package, None, NullProgress(), extra=[layer], companion=True)
            workers[name] = stack.enter_context(opened)
        job = DataTestJob(source=new.name, shown=new.name)
        for at in range(asked.repeats):
            for name, loops in (("same", 2), ("double", 0)):
                with busy(loops):
                    found[name].append(measure(workers[name], workers["last"], job))
                loads[name].append(os.getloadavg()[0])
                ratio, verdict = found[name][-1]
                sys.stderr.write(f"{at + 1} {name}: {ratio:.3f} {verdict}, {loads[name][-1]:.1f}\n")
    sys.stdout.write(f"{HEAD}\n")
    sys.stdout.write(line("unchanged, two busy loops", found["same"], mean(loads["same"])) + "\n")
    sys.stdout.write(line("twice the stumps", found["double"], mean(loads["double"])) + "\n")
    wrong = any(verdict == "failed" for _, verdict in found["same"])
    return int(wrong or any(verdict != "failed" for _, verdict in found["double"]))


if __name__ == "__main__":
    sys.exit(main())
