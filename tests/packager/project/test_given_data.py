"""Data of a new project: copied, or named where it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.location import Location
from packager.project.given_data import GivenData
from packager.tables.commit import commit_rows
from packager.tables.source import open_source


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rows.csv"
    frame = pd.DataFrame({"a": [0.5, 1.5] * 20, "b": ["x", "y"] * 20, "y": [0, 1] * 20})
    frame.to_csv(file, index=False, sep=";")
    return file


def test_a_file_is_named_from_the_project(rows: Path, tmp_path: Path) -> None:
    found = GivenData.referenced("rows.csv", tmp_path / "models" / "churn")
    assert (found.source, found.copies) == ("../../rows.csv", {})
    assert found.section("y") == (
        '\n[data]\nsource = "../../rows.csv"\ntarget = "y"\nread = { separator = ";" }\n'
    )
    assert found.only(["a", "y"]).options("y").endswith('include = ["a"]\n')
    assert "include" not in found.only(["y", "b", "a"]).options("y")


def test_a_copy_has_its_name_in_the_project(rows: Path) -> None:
    found = GivenData.copied_from(rows)
    assert (found.source, found.copies) == ("data/rows.csv", {"data/rows.csv": rows})


def test_a_table_is_named_at_its_latest_version(rows: Path, tmp_path: Path) -> None:
    pd.read_csv(rows, sep=";").to_parquet("rows.parquet")
    commit_rows(open_source(Path("rows.parquet")), Location.parse("visits"), "first", "me")
    found = GivenData.referenced("visits", tmp_path / "churn")
    assert (found.name, found.source) == ("visits@1", "../.pkgdata/visits@1")
    assert list(found.found.rows.columns) == ["a", "b", "y"]
    with pytest.raises(UsageError, match="7"):
        GivenData.referenced("visits@7", tmp_path / "churn")


def test_neither_a_file_nor_a_table_is_named(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.csv: expected a file of data, or a table"):
        GivenData.referenced("gone.csv", tmp_path)
