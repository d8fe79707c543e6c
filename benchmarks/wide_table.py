"""Compares the duration of a build on 5,000 columns and 300 rows with its two trainings.

    python benchmarks/wide_table.py [--columns 5000] [--rows 300]

A build trains twice, to check that the recipe is repeatable. Prints the seconds of both trainings,
as the recipe measures them, of the whole build, and the bound: twice the trainings plus 60 seconds.
Exits 1 beyond it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from synthetic_package import PACKAGE

PROJECT = """
[package]
name = "wide"
version = "1.0.0"
task = "classification"

[data]
source = "data/rows.parquet"
target = "target"

[recipe]
train = "train:train"
seed = 7

[requirements]
file = "requirements.txt"
"""
TRAIN = """
import sys
import time

from sklearn.ensemble import RandomForestClassifier


def train(features, target, *, params, seed):
    start = time.monotonic()
    model = RandomForestClassifier(200, random_state=seed, n_jobs=1).fit(features, target)
    print(f"fitted in {time.monotonic() - start} s", file=sys.stderr)
    return model
"""
EXTRA_SECONDS = 60


def main() -> int:
    """Make the table, build, print; return 1 beyond the bound."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, default=5_000)
    parser.add_argument("--rows", type=int, default=300)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "wide", chosen.rows, chosen.columns)
        command = [str(PACKAGE), "build", str(folder / "wide"), "--output", f"oci:{folder}/image"]
        command.append("--json")
        engineless = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
        start = time.monotonic()
        ended = subprocess.run(command, env=engineless, capture_output=True, text=True)
        whole = time.monotonic() - start
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
        return ended.returncode
    fits = [
        float(line.split("fitted in ")[1].split()[0])
        for line in ended.stderr.splitlines()
        if "fitted in " in line
    ]
    report = json.loads(ended.stdout)
    bound = 2 * sum(fits[:2]) + EXTRA_SECONDS
    print(f"{chosen.columns:,} columns, {chosen.rows} rows: {report.get('tag', '')}")
    print(f"trainings: {', '.join(f'{fit:.1f} s' for fit in fits)}")
    print(f"whole build: {whole:.1f} s, bound {bound:.1f} s")
    return int(whole > bound)


def make(project: Path, rows: int, columns: int) -> None:
    """Write a project whose target depends on three of its columns."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        random.normal(size=(rows, columns)), columns=[f"gene_{i}" for i in range(columns)]
    )
    score = frame["gene_0"] + frame["gene_1"] - frame["gene_2"]
    frame["target"] = np.where(score > 0, "case", "control")
    (project / "data").mkdir(parents=True)
    frame.to_parquet(project / "data" / "rows.parquet", index=False)
    (project / "package.toml").write_text(PROJECT)
    (project / "train.py").write_text(TRAIN)
    (project / "requirements.txt").write_text("scikit-learn\npandas\npyarrow\n")


if __name__ == "__main__":
    raise SystemExit(main())
