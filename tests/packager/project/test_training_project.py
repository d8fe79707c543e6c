"""``package init --data``: the project that it writes for a table."""

from __future__ import annotations

import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.data.frames import read
from packager.data.model_input import to_model_input
from packager.errors import UsageError
from packager.project.config import Project, load_project
from packager.project.training_project import init_training
from packager.project.validate import check_code, check_columns

ROWS = 120


def frame() -> pd.DataFrame:
    draw = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(ROWS)],
            "when": pd.date_range("2024-01-01", periods=ROWS, freq="7h").strftime("%Y-%m-%dT%H:%M"),
            'size "m²"': np.round(draw.gamma(3, 20, ROWS), 2),
            "kind, of": draw.choice(["a", "b", "c"], ROWS),
            "new": draw.choice([True, False], ROWS).astype(object),
            "empty": np.nan,
            "rooms": draw.integers(1, 9, ROWS),
            "price": np.round(draw.normal(100, 20, ROWS), 2),
            "sold": draw.choice(["yes", "no"], ROWS),
        }
    )
    table.loc[::7, ['size "m²"', "kind, of"]] = None
    table.loc[::11, "new"] = None
    return table


def trained(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, pd.DataFrame]:
    """The model that the written recipe gives, and the features it was trained on."""
    assert project.data is not None
    assert project.recipe is not None
    rows = read(project.path(project.data.source), project.data.reader)
    rows = to_model_input(rows, project.data.reader)
    features = rows[list(project.data.include)]
    spec = importlib.util.spec_from_file_location("train", project.directory / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "train", module)
    spec.loader.exec_module(module)
    target = rows[project.data.target or list(project.targets)]
    return module.train(features, target, params={"max_iter": 5}, seed=1), features


@pytest.mark.slow
@pytest.mark.parametrize(("target", "task"), [("sold", "classification"), ("price", "regression")])
@pytest.mark.parametrize("options", [{}, {"sep": ";", "decimal": ","}, {"sep": "\t"}])
@pytest.mark.sample(2)
def test_the_written_recipe_trains_on_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, task: str, options: dict[str, str]
) -> None:
    data = tmp_path / "rows.csv"
    frame().to_csv(data, index=False, **options)
    files = init_training(tmp_path / "p", data, [target])
    assert files == ["data/rows.csv", "package.toml", "requirements.txt", "train.py"]
    project = load_project(tmp_path / "p")
    check_columns(project)
    check_code(project, {"train.py": project.directory / "train.py"})
    assert project.data is not None
    assert (project.package.task, project.data.target) == (task, target)
    other = "price" if target == "sold" else "sold"
    assert set(project.data.include) == {*frame().columns} - {"id", "empty", target}
    assert other in project.data.include
    text = (tmp_path / "p/package.toml").read_text(encoding="utf-8")
    assert '# "id": a different text in each row\n' in text
    assert '# "empty": no value in the first rows\n' in text
    model, features = trained(project, monkeypatch)
    again = pickle.loads(pickle.dumps(model))
    assert len(again.predict(features[:3])) == 3
    strange = features[:2].assign(**{"kind, of": ["never seen", None]})
    assert len(again.predict(strange)) == 2


@pytest.mark.slow
def test_a_table_of_numbers_alone_and_one_of_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "rows.parquet"
    table = frame()[["rooms", "price"]]
    table.assign(when=pd.date_range("2024-01-01", periods=ROWS, tz="UTC")).to_parquet(data)
    init_training(tmp_path / "p", data, ["rooms"])
    project = load_project(tmp_path / "p")
    assert project.package.task == "classification"  # eight whole numbers
    model, features = trained(project, monkeypatch)
    assert list(features.columns) == ["price", "when"]
    assert len(model.predict(features)) == ROWS


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1] * 30, "classification"),
        ([0.0, 1.0] * 30, "classification"),
        ([True, False] * 30, "classification"),
        (list(range(60)), "regression"),
        ([0.5, 1.5] * 30, "regression"),
        ([1, 2, 3, 4, 5, 6, 7] * 3, "regression"),  # too few rows for so many labels
    ],
)
def test_the_task_follows_from_the_target(tmp_path: Path, values: list[Any], task: str) -> None:
    pd.DataFrame({"x": range(len(values)), "y": values}).to_csv(tmp_path / "r.csv", index=False)
    init_training(tmp_path / "p", tmp_path / "r.csv", ["y"])
    assert load_project(tmp_path / "p").package.task == task


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("a,b\n1,2\n", "c", "--target: expected a column of r.csv, got 'c'"),
        ("a\n1\n", "a", "expected a column besides the target 'a', got none"),
        ("a,b\n1,\n2,\n", "b", "--target b: expected labels or numbers, got no value"),
        ("a,b\n1,2024-01-01\n2,2024-01-02\n", "b", "expected labels or numbers, got times"),
        ("", "b", "expected a header with column names, got an empty file"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_and_nothing_written(
    tmp_path: Path, text: str, target: str, message: str
) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(UsageError) as caught:
        init_training(tmp_path / "p", tmp_path / "r.csv", [target])
    assert message in caught.value.message
    assert not (tmp_path / "p").exists()


@pytest.mark.slow
def test_several_targets_are_outputs_of_one_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "rows.csv"
    table = frame().dropna(subset=['size "m²"']).rename(columns={"rooms": "token"})
    table.to_csv(data, index=False)
    targets = ["sold", 'size "m²"', "token"]
    init_training(tmp_path / "p", data, [*targets, "sold"])
    project = load_project(tmp_path / "p")
    check_columns(project)
    assert [(name, one.kind, one.target) for name, one in project.outputs.items()] == [
        ("sold", "label", "sold"),
        ("size_m_", "number", 'size "m²"'),
        ("token_2", "label", "token"),
    ]
    assert project.data is not None
    assert set(project.data.include) == {"when", "kind, of", "new", "price"}
    model, features = trained(project, monkeypatch)
    answers = pickle.loads(pickle.dumps(model)).predict(features[:3])
    assert {name: len(found) for name, found in answers.items()} == {
        "sold": 3,
        "size_m_": 3,
        "token_2": 3,
    }
    assert model.predict_proba(features)["sold"].shape == (len(features), 2)
    assert list(model.classes_) == ["sold", "token_2"]


def test_files_that_stand_there_are_not_touched(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "p").mkdir()
    (tmp_path / "p/train.py").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        init_training(tmp_path / "p", tmp_path / "rows.csv", ["sold"])
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["train.py"]
