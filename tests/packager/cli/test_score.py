"""``package score`` as a user runs it: equal to ``package predict``, killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds
import pytest
import warm_processes
from command import NO_ENGINE, Package, package

KILLS = 2
"""tests/packager/scoring/test_run.py kills a run at each step."""


def command(of: Package, data: Path, output: Path, *more: str) -> list[str]:
    given = ["score", of.reference, "--data", str(data), "--output", str(output), "--local"]
    return [*given, *more]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def visits(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter's rows, some of them unusual, as Parquet in row groups."""
    frame = pd.read_csv(local_package.project / "data" / "visits.csv").head(600)
    for name in frame.select_dtypes("number"):
        frame[name] = frame[name].astype("float64")
        frame.loc[frame.index[::50], name] = frame[name].max() * 2
        break
    path = tmp_path_factory.mktemp("visits") / "visits.parquet"
    frame.to_parquet(path, index=False, row_group_size=100)
    return path


@pytest.fixture(scope="module")
def whole(
    local_package: Package, visits: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """The scores of a run that nothing disturbed, and what it printed."""
    folder = tmp_path_factory.mktemp("whole") / "scores"
    done = package(*command(local_package, visits, folder), "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    return folder, done.json


@pytest.mark.slow
def test_answers_equal_those_of_predict(
    local_package: Package, visits: Path, whole: tuple[Path, Any]
) -> None:
    scores, printed = whole
    assert {"rows": 600, "parts": 6, "complete": True}.items() <= printed.items()
    said = package("predict", local_package.reference, "--data", visits, "--local", env=NO_ENGINE)
    predicted = [json.loads(line) for line in said.out.splitlines()]
    scored = ds.dataset(scores, format="parquet").to_table().to_pylist()
    assert len(scored) == len(predicted)
    for row, answer in zip(scored, predicted, strict=True):
        assert row["prediction"] == answer["prediction"]
        assert row["flags"] == answer["flags"]
        chances = {f"probability {label}": v for label, v in answer["probabilities"].items()}
        assert {name: row[name] for name in chances} == pytest.approx(chances, rel=1e-9, abs=1e-9)
    drift = package("drift", scores, "--json")
    assert drift.json["rows"] == 600


@pytest.mark.slow
def test_a_run_that_is_killed_resumes_to_the_same_bytes(
    local_package: Package, visits: Path, whole: tuple[Path, Any], tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    environment = {**os.environ, **NO_ENGINE}
    quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    again = command(local_package, visits, killed, "--resume")
    for kill in range(KILLS):
        process = warm_processes.package(again, environment, **quiet)
        wanted = kill + 1
        while process.poll() is None and len([*killed.glob("part-*")]) < wanted:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = package(*again, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert contents(killed) == contents(whole[0])


def test_wrong_usage_is_said(local_package: Package, visits: Path, tmp_path: Path) -> None:
    def error(*more: str) -> str:
        done = package(*command(local_package, visits, tmp_path / "out", *more), env=NO_ENGINE)
        assert done.code == 2
        return done.err

    assert "--shard: expected I/N with I from 1 to N, got '5/4'" in error("--shard", "5/4")
    assert not (tmp_path / "out").exists()
