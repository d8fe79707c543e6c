"""The projects of ``examples/claims``, without a build."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from packager.project.config import load_project

EXAMPLE = Path(__file__).parents[1] / "examples" / "claims"
MEMBERS = ("segmenter", "car", "home", "text", "ranker")


def made(folder: Path) -> Path:
    """A copy of the example with its tables."""
    ignored = shutil.ignore_patterns("data", "*.lock.json", "*.build.json")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    done = subprocess.run(
        [sys.executable, "make_data.py"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == len(MEMBERS) + 1
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("example") / "claims")


def test_its_projects_load(example: Path) -> None:
    solution = load_project(example / "solution")
    assert tuple(one.name for one in solution.member) == MEMBERS
    for member in solution.member:
        project = load_project(solution.path(member.package))
        assert project.package.name == f"claims-{member.name}"
        assert project.data is not None
        assert project.data.key == ("claim",)


def test_its_tables_have_the_columns_that_projects_name(example: Path) -> None:
    solution = load_project(example / "solution")
    table = pd.read_csv(example / "solution" / "data" / "claims.csv")
    truths = {one.truth for one in solution.member if one.truth}
    assert truths <= {*table.columns}
    assert solution.data is not None
    given = {*table.columns} - truths - {"claim", solution.data.target}
    composed = {"repair", "p_angry"}  # by the flow
    for name in MEMBERS:
        project = load_project(example / name)
        assert project.data is not None
        features = {*pd.read_csv(example / name / "data" / "claims.csv").columns}
        assert features - {"claim", project.data.target} <= given | composed


def test_no_claim_is_in_two_tables(example: Path) -> None:
    tables = [
        pd.read_csv(example / name / "data" / "claims.csv")["claim"]
        for name in (*MEMBERS, "solution")
    ]
    together = pd.concat(tables)
    assert together.is_unique
    assert len(together) > 10_000


def test_its_tables_are_the_same_each_time(example: Path, tmp_path: Path) -> None:
    again = made(tmp_path / "claims")
    for name in (*MEMBERS, "solution"):
        table = Path(name) / "data" / "claims.csv"
        assert (again / table).read_bytes() == (example / table).read_bytes()
