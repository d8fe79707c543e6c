"""``package init`` in a folder with code: it writes what is missing, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.environment.active import ActiveEnvironment, Distribution
from packager.errors import UsageError
from packager.project import used_packages
from packager.project.config import load_project
from packager.project.existing_code import init_existing

RECIPE = "import numpy\ndef train(features, target, *, params, seed):\n    return None\n"
ROWS = "a,b,label\n1,2,x\n2,3,y\n"


@pytest.fixture(autouse=True)
def _active(monkeypatch) -> None:
    numpy = Distribution("numpy", "1.26.4", None, editable=False)
    found = ActiveEnvironment(
        "/env/python", "3.11", frozenset(), {"numpy": numpy}, {"numpy": ("numpy",)}
    )
    monkeypatch.setattr(used_packages, "active_python", lambda: "/env/python")
    monkeypatch.setattr(used_packages, "inspect_environment", lambda *_: found)


def write(folder: Path, **files: str) -> dict[str, bytes]:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return content(folder)


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def init(folder: Path, data: Path | None = None, target: str | None = None):
    before = content(folder)
    found = init_existing(folder, data, target)
    after = content(folder)
    assert before.items() <= after.items()  # nothing was changed
    if found is not None:
        assert sorted(after.keys() - before.keys()) == found.files
    return found


def test_a_recipe_and_a_table_make_a_project(tmp_path: Path):
    write(tmp_path, train_py=RECIPE, data__rows_csv=ROWS)
    found = init(tmp_path)
    assert found.files == ["package.toml", "requirements.txt"]
    assert "numpy==1.26.4\n" in (tmp_path / "requirements.txt").read_text()
    project = load_project(tmp_path)
    assert (project.data.source, project.data.target) == ("data/rows.csv", "label")
    assert (project.recipe.train, project.package.task) == ("train:train", "classification")
    assert found.notes[-1] == "task and target guessed: see package.toml"


@pytest.mark.parametrize(
    ("name", "entry"),
    [("model__fit_py", "model.fit:train"), ("src__own__run_py", "own.run:train")],
)
def test_a_recipe_in_a_package_is_found(tmp_path: Path, name: str, entry: str):
    write(tmp_path, **{name: RECIPE, "rows_csv": ROWS})
    init(tmp_path)
    assert load_project(tmp_path).recipe.train == entry


def test_requirements_that_are_there_are_used(tmp_path: Path):
    write(tmp_path, train_py=RECIPE, rows_csv=ROWS, environment_yml="dependencies: [numpy]\n")
    found = init(tmp_path)
    assert found.files == ["package.toml"]
    assert found.notes[0] == "requirements are those of environment.yml, which is there already"
    assert load_project(tmp_path).requirements_file == "environment.yml"


def test_requirements_alone_are_written_beside_a_package_toml(tmp_path: Path):
    write(tmp_path, train_py=RECIPE, package_toml="mine")
    assert init(tmp_path).files == ["requirements.txt"]


def test_a_script_is_told_what_to_define(tmp_path: Path):
    write(tmp_path, train_py="import numpy\n")
    found = init(tmp_path)
    assert found.files == ["package.toml", "requirements.txt"]
    assert found.notes[-2:] == (
        "write the table and its target into [data] of package.toml",
        "write `def train(features, target, *, params, seed)` into train.py",
    )


def test_code_without_a_recipe_gets_the_starters(tmp_path: Path):
    write(tmp_path, utils_py="import numpy\n")
    found = init(tmp_path)
    assert found.files == ["data/visits.csv", "package.toml", "requirements.txt", "train.py"]
    text = (tmp_path / "requirements.txt").read_text()
    assert text.splitlines()[1:] == ["numpy==1.26.4", "pandas>=2.2", "scikit-learn>=1.5"]
    load_project(tmp_path)


def test_the_table_may_be_named(tmp_path: Path):
    outside = tmp_path / "rows.csv"
    outside.write_text(ROWS)
    project = tmp_path / "p"
    project.mkdir()
    write(project, train_py=RECIPE)
    assert init(project, outside, "b").files == [
        "data/rows.csv",
        "package.toml",
        "requirements.txt",
    ]
    assert load_project(project).data.target == "b"


def test_a_folder_without_code_or_a_recipe_for_a_table_is_left_to_the_others(tmp_path: Path):
    assert init(tmp_path) is None
    assert init(tmp_path / "new") is None
    write(tmp_path, utils_py="", rows_csv=ROWS)
    assert init(tmp_path, tmp_path / "rows.csv") is None


def test_nothing_to_write_is_an_error(tmp_path: Path):
    write(tmp_path, train_py=RECIPE, package_toml="mine", requirements_txt="numpy\n")
    with pytest.raises(UsageError) as caught:
        init(tmp_path)
    assert caught.value.message == f"{tmp_path / 'package.toml'}: exists already"


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_a_project_that_needs_pytorch_takes_it_without_cuda(tmp_path: Path, name: str):
    write(tmp_path, train_py=RECIPE, data__rows_csv=ROWS, requirements_txt=f"{name}\n")
    init(tmp_path)
    expected = "cpu" if name == "torch" else None
    assert load_project(tmp_path).requirements.torch == expected
