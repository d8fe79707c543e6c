"""A project's path means its data files and read options; any other path means itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from host_samples import TOML, write_project

from packager.errors import UsageError
from packager.location import Location
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.project.data_source import read_by_project
from packager.tables.delta import VersionedTable


def test_a_file_and_a_folder_of_files_stand_for_themselves(tmp_path: Path):
    for path in (tmp_path / "rows.csv", tmp_path):
        assert read_by_project(path) == (path, DEFAULT_OPTIONS)


@pytest.mark.parametrize("name", ["", "package.toml"])
def test_a_project_says_where_its_rows_lie_and_how_they_are_read(tmp_path: Path, name: str):
    toml = TOML.replace("[recipe]", '[data.read]\nseparator = ";"\n[recipe]')
    project = write_project(tmp_path, {"package.toml": toml})
    path, reader = read_by_project(project / name)
    assert path == project / "data" / "visits.csv"
    assert reader.separator == ";"


def test_a_project_without_files_of_data_is_refused(tmp_path: Path):
    head = '[package]\nname = "given"\nversion = "1"\ntask = "regression"\n'
    given = write_project(
        tmp_path / "a", {"package.toml": f'{head}[model]\npath = "m"\n', "m": "x"}
    )
    with pytest.raises(UsageError, match="expected a project with files of data, got none"):
        read_by_project(given)
    toml = TOML.replace("data/visits.csv", "delta:visits")
    table = write_project(tmp_path / "b", {"package.toml": toml})
    made = VersionedTable.create(Location.parse("visits", table), pa.schema({"a": pa.int64()}))
    assert made.latest is None
    with pytest.raises(UsageError, match=r"got the table .*visits"):
        read_by_project(table)
