"""The projects of ``examples/claims``, without a build."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import joblib
import numpy as np
import pandas as pd
import pytest

from modelhost.columns import ColumnSpec
from modelhost.model import load_model
from modelhost.solution.spec import FILE, MemberSpec, SolutionSpec, member_folder
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
    assert len(done.stdout.splitlines()) == len(MEMBERS) + 2
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("example") / "claims")


@pytest.mark.slow
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
        pd.read_csv(example / place / "claims.csv")["claim"]
        for place in (*(f"{name}/data" for name in (*MEMBERS, "solution")), "new")
    ]
    together = pd.concat(tables)
    assert together.is_unique
    assert len(together) > 10_000


@pytest.mark.slow
def test_its_tables_are_the_same_each_time(example: Path, tmp_path: Path) -> None:
    again = made(tmp_path / "claims")
    for name in (*MEMBERS, "solution"):
        table = Path(name) / "data" / "claims.csv"
        assert (again / table).read_bytes() == (example / table).read_bytes()


def imported(place: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(place.stem, place)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def trained(project: Path, folder: Path, name: str) -> MemberSpec:
    """Train by the recipe of ``project``, on its own table, and keep the model in ``folder``."""
    config = load_project(project)
    assert config.data is not None
    assert config.data.target is not None
    assert config.recipe is not None
    assert config.recipe.train is not None
    table = pd.read_csv(project / config.data.source)
    features = table.drop(columns=[*config.data.key, config.data.target])
    module, function = config.recipe.train.split(":")
    train = getattr(imported(project / f"{module}.py"), function)
    model = train(features, table[config.data.target], params={}, seed=config.recipe.seed)
    (folder / "models").mkdir(parents=True)
    joblib.dump(model, folder / "models" / "model")
    kinds = {"f": "number", "i": "integer"}
    columns = [
        ColumnSpec(column, kinds.get(dtype.kind, "string"), str(dtype))
        for column, dtype in features.dtypes.items()
    ]
    return MemberSpec(
        *(name, "inline", None, "fail", None, config.package.task, "auto", "joblib", "frame"),
        *(None, (), tuple(columns), {}),
    )


@pytest.mark.slow
def test_its_flow_answers_with_members_trained_by_their_recipes(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On rows of no member: the error is a fraction of that of the mean."""
    specs = [trained(example / name, member_folder(tmp_path, name), name) for name in MEMBERS]
    shutil.copy(example / "solution" / "flow.py", tmp_path / "claims_flow.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / FILE).write_text(SolutionSpec("claims_flow:run", tuple(specs)).as_json())
    model = load_model(tmp_path, "auto", "solution", "regression")
    table = pd.read_csv(example / "solution" / "data" / "claims.csv")
    truth = table["cost"].to_numpy()
    truths = ["claim", "segment", "repair", "mood", "cost"]
    found = np.array(model.predict(table.drop(columns=truths)).labels)
    error, of_mean = np.abs(found - truth).mean(), np.abs(truth - truth.mean()).mean()
    assert error < 0.3 * of_mean
    assert np.isfinite(found).all()
