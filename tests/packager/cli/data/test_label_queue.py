"""``package data label-queue``: its options, and one queue of a real package."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, Package, package
from stub_packages import package_at


def test_without_an_engine_a_package_runs_only_where_requested(run, monkeypatch, tmp_path: Path):
    package_at(monkeypatch)
    code, out, err = run(
        *("data", "label-queue", "ref", "--data", tmp_path / "a.csv", "--rows", "5"),
        *("--out", tmp_path / "queue.csv"),
    )
    assert (code, out) == (1, "")
    assert "ref: no engine responds to run the package in a container" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rows", "0"), "'--rows': Input should be greater than or equal to 1"),
        (("--rows", "5", "--format", "xml"), "'xml' is not one of"),
        (("--rows", "5", "--seed", "-1"), "'--seed': Input should be greater than or equal to 0"),
    ],
)
def test_wrong_options_are_wrong_usage(run, arguments, message):
    code, out, err = run(
        "data", "label-queue", "ref", "--data", "a.csv", "--out", "q.csv", *arguments
    )
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.long
@pytest.mark.slow
def test_a_queue_of_the_starter(local_package: Package, tmp_path: Path):
    frame = pd.read_csv(local_package.project / "data" / "visits.csv")
    rows, queue = tmp_path / "new.csv", tmp_path / "queue.csv"
    frame.drop(columns="returned").assign(nr=range(len(frame))).to_csv(rows, index=False)
    asked = ("data", "label-queue", local_package.reference, "--data", rows, "--key-columns", "nr")
    done = package(*asked, "--rows", "40", "--out", queue, "--local", "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["rows"] == 40
    assert facts["from"] == len(frame)
    assert facts["expected_by"] == "calibrated confidence"
    with queue.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len({row["nr"] for row in found}) == 40
    for row in found:
        assert row["label"] == ""
        assert facts["smallest_probability"] <= float(row["selection_probability"]) <= 1
