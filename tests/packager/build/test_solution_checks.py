from __future__ import annotations

from pathlib import Path

import pytest
from solution_projects import LENGTH, MOOD, write_solution_projects

from packager.build.solution_checks import check_before_members
from packager.errors import UsageError
from packager.project.config import load_project

BASE = "python:3.11-slim-bookworm"


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    return write_solution_projects(tmp_path)


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refused(projects: Path, base: str = BASE) -> str:
    with pytest.raises(UsageError) as raised:
        check_before_members(load_project(projects), base)
    return f"{raised.value.message}; {raised.value.hint}"


def test_a_solution_without_a_mistake_passes_and_its_members_are_loaded(projects: Path) -> None:
    found = check_before_members(load_project(projects), BASE)
    assert [*found] == [LENGTH, MOOD]
    assert [one.package.name for one in found.values()] == [LENGTH, MOOD]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "package.toml",
            'truth = "price"',
            'truth = "prize"',
            "[[member]] length: `truth`: expected a column of the data, got 'prize'; did you mean"
            " 'price'?",
        ),
        (
            "package.toml",
            'key = ["id"]',
            'key = ["number"]',
            "[data] key: expected a column of the data, got 'number'; data/rows.csv has ",
        ),
        (
            "package.toml",
            "flow:run",
            "flow:ran",
            "[package] flow: expected a function of flow.py, got 'ran'; did you mean 'run'?",
        ),
        (
            "flow.py",
            "def run(",
            "def run((",
            "flow.py:5: expected code of Python 3.11, got ",
        ),
        (
            "flow.py",
            'rows[["text"]]',
            'rows[["test"]]',
            "got 'test'; did you mean 'text'?",
        ),
    ],
)
def test_a_mistake_is_told_before_members_are_built(
    projects: Path, file: str, old: str, new: str, told: str
) -> None:
    changed(projects / file, old, new)
    assert told in refused(projects)


def test_a_mistake_of_a_member_s_project_is_told_before_any_is_built(projects: Path) -> None:
    changed(projects.parent / LENGTH / "package.toml", "regression", "regresion")
    assert refused(projects).startswith("[[member]] length: package.toml: `package.task`: expected")


@pytest.mark.parametrize(
    "text",
    [
        "from other import *\n",
        "from other import ran\n",
        "ran = 1\n",
        "def __getattr__(name): ...\n",
        "globals().update(ran=1)\n",
    ],
)
def test_a_function_that_may_come_from_elsewhere_is_not_missed(projects: Path, text: str) -> None:
    changed(projects / "package.toml", "flow:run", "flow:ran")
    (projects / "flow.py").write_text(text)
    check_before_members(load_project(projects), BASE)


@pytest.mark.parametrize("base", ["python:3.99-slim", "registry.example/tools/base:7"])
def test_code_that_a_newer_python_may_read_is_left_to_the_build(projects: Path, base: str) -> None:
    changed(projects / "flow.py", "def run(", "def run((")
    check_before_members(load_project(projects), base)


def test_data_that_a_pointer_names_is_left_to_the_build(projects: Path) -> None:
    changed(projects / "package.toml", 'truth = "price"', 'truth = "prize"')
    changed(projects / "package.toml", "data/rows.csv", "data/rows.csv.dvc")
    (projects / "data" / "rows.csv.dvc").write_text("outs:\n- path: rows.csv\n")
    check_before_members(load_project(projects), BASE)
