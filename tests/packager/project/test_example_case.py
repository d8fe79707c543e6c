"""The example of a case in a new project is one that can be read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from packager.manifest.case import Case
from packager.project.config import load_project
from packager.project.scaffold import init_project
from packager.project.training_project import init_training


def uncommented(folder: Path) -> Case:
    """The example without its marks."""
    text = (folder / "package.toml").read_text()
    lines = text[text.index("# [[test.case]]") :].splitlines()
    found = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
    (case,) = found["test"]["case"]
    return Case.model_validate(case)


@pytest.mark.parametrize(
    ("target", "label"), [(["yes", "no"] * 20, "yes"), ([*range(40)], None), ([True] * 40, True)]
)
def test_a_project_of_a_table_has_an_example_on_its_first_number(
    tmp_path: Path, target: list[object], label: object
) -> None:
    frame = pd.DataFrame({"name": ["a", "b"] * 20, 'big "size"': [1.5, 2.5] * 20, "y": target})
    frame.to_csv(tmp_path / "t.csv", index=False)
    init_training(tmp_path / "p", tmp_path / "t.csv", ["y"])
    case = uncommented(tmp_path / "p")
    assert case.change == {'big "size"': "* 1.1"}
    assert case.label == label
    assert load_project(tmp_path / "p").test.case == ()


@pytest.mark.parametrize(
    ("target", "expect", "name"),
    [
        ([float(-at) for at in range(40)], "decreases", "more size, smaller answer"),
        (["no" if at < 20 else "yes" for at in range(40)], "decreases", "more size, smaller"),
        (["yes" if at < 15 else "no" for at in range(40)], "decreases", "more size, smaller"),
    ],
)
def test_the_example_is_the_strongest_trend_of_the_data(
    tmp_path: Path, target: list[object], expect: str, name: str
) -> None:
    ids = [(at * 17) % 40 for at in range(40)]
    frame = pd.DataFrame({"id": ids, "size": [at + 0.5 for at in range(40)], "y": target})
    frame.to_csv(tmp_path / "t.csv", index=False)
    init_training(tmp_path / "p", tmp_path / "t.csv", ["y"])
    case = uncommented(tmp_path / "p")
    assert (case.change, case.expect) == ({"size": "* 1.1"}, expect)
    assert case.name.startswith(name)
    assert "# rank correlation in the data: -" in (tmp_path / "p/package.toml").read_text()


def test_a_table_without_numbers_has_none(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["x", "y"] * 20, "y": ["p", "q"] * 20}).to_csv(tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv", index_col=0)
    frame.to_csv(tmp_path / "t.csv", index=False)
    init_training(tmp_path / "p", tmp_path / "t.csv", ["y"])
    assert "test.case" not in (tmp_path / "p/package.toml").read_text()


def test_the_starter_has_an_example(tmp_path: Path) -> None:
    init_project(tmp_path)
    assert uncommented(tmp_path).change == {"visits": "+ 2"}
