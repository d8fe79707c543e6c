"""Data of a new project: copied, or named where it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.project.given_data import GivenData


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rows.csv"
    frame = pd.DataFrame({"a": [0.5, 1.5] * 20, "b": ["x", "y"] * 20, "y": [0, 1] * 20})
    frame.to_csv(file, index=False, sep=";")
    return file


def test_a_file_is_named_from_the_project(rows: Path, tmp_path: Path) -> None:
    found = GivenData.referenced(Path("rows.csv"), tmp_path / "models" / "churn")
    assert (found.source, found.copies) == ("../../rows.csv", {})
    assert found.section("y") == (
        '\n[data]\nsource = "../../rows.csv"\ntarget = "y"\nread = { separator = ";" }\n'
    )
    assert found.only(["a", "y"]).options("y").endswith('include = ["a"]\n')
    assert "include" not in found.only(["y", "b", "a"]).options("y")


def test_a_copy_has_its_name_in_the_project(rows: Path) -> None:
    found = GivenData.copied_from(rows)
    assert (found.source, found.copies) == ("data/rows.csv", {"data/rows.csv": rows})


def test_what_is_not_there_is_named(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.csv: expected a file of data, or a table"):
        GivenData.referenced(Path("gone.csv"), tmp_path)
