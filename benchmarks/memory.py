"""Measures the memory of a build's worker while it reads, splits and profiles a large table.

    .venv/bin/python benchmarks/memory.py [ROWS] [parquet|csv]

Makes a table of ROWS (5,000,000) rows with ten mixed columns and prints, for each step, the current
memory of the process, its peak so far and the processor time of the step. The last line is the size
of the frame (its arrays; equal texts are shared).
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 5_000_000


def main(rows: int, form: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        command = [sys.executable, __file__, "make", str(rows), form, name]
        subprocess.run(command, check=True)  # a separate process, whose memory is not measured
        measure(root)


def make(rows: int, form: str, root: Path) -> None:
    """Write the table below ``root``/data/source."""
    random = np.random.default_rng(7)
    minutes = pd.to_timedelta(random.integers(0, 525_600, rows), unit="min")
    table = pd.DataFrame(
        {
            "amount": np.round(random.lognormal(3, 1, rows), 2),
            "ratio": np.round(random.normal(size=rows), 3),
            "age": random.integers(18, 90, rows),
            "visits": random.poisson(3, rows).astype("int32"),
            "member": random.random(rows) < 0.3,
            "color": random.choice(np.array(["red", "green", "blue"]), rows),
            "city": random.choice(np.array([f"city {i:03d}" for i in range(200)]), rows),
            "plan": random.choice(np.array(["basic", "plus", "premium"]), rows),
            "when": pd.Timestamp("2024-01-01") + minutes,
        }
    )
    table["label"] = np.where(table.amount + 10 * table.member > 25, "yes", "no")
    folder = root / "data" / "source"
    folder.mkdir(parents=True)
    if form == "csv":
        table.to_csv(folder / "rows.csv", index=False)
    else:
        table.to_parquet(folder / "rows.parquet", index=False)


def measure(path: Path) -> None:
    """Run a worker's steps before and after training, and print their cost."""
    from modelhost.frames import keep_text_plain
    from monitoring.stats.binning import build_profile
    from packager.data.fingerprint import fingerprint
    from packager.manifest.manifest import Serve
    from packager.model.paths import Root
    from packager.worker.job import Job
    from packager.worker.train.dataset import declare_slices, describe, prepare, slice_masks
    from packager.worker.train.source_data import read_source

    keep_text_plain()
    root = Root(path)
    job = Job.model_validate(
        {
            "task": "classification",
            "serve": Serve(predictor="auto", compile="off", workers=1, strict=False),
            "slices_columns": ("color",),
            "slices_rules": {},
            "recipe": "none",
            "target": "label",
        }
    )
    say("start")
    source = read_source(root, job.reader)
    size = source.frame.memory_usage(deep=False).sum() / 1e6
    say("read")
    fingerprint(source.frame, source.files)
    say("fingerprint")
    dataset = prepare(source, job, root)
    del source
    say("split")
    slice_masks(dataset.test, declare_slices(dataset, job))
    say("slices")
    features = dataset.train[list(dataset.features)].copy()
    say("given to train")
    del features
    schema = describe(dataset, job, ("no", "yes"))
    say("schema")
    build_profile(dataset.train, [(c.name, c.kind) for c in schema.features], 50)
    say("profile")
    sys.stdout.write(f"frame: {size:.0f} MB\n")


def say(step: str) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    now = pages * resource.getpagesize() / 1e6
    sys.stdout.write(
        f"{step:<16} holds {now:6.0f} MB, peak {peak:6.0f} MB, {time.process_time():6.1f} s\n"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else ROWS, (sys.argv[2:] or ["parquet"])[0])
