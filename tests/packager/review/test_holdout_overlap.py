"""Rows of new data that are also in the project's held-out rows."""

from pathlib import Path

import pandas as pd
from host_samples import write_project
from table_projects import committed, project_of, visits

from packager.location import Location
from packager.review.holdout_overlap import leakage
from packager.tables.delta import VersionedTable


def test_rows_on_both_sides_of_the_split_are_counted(tmp_path, commit):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame)
    folder = project_of(
        tmp_path, "delta:visits", **{'target = "returned"': 'target = "returned"\n'
        'split = { file = "held.csv" }'},
    )  # fmt: skip
    held = pd.concat([frame, frame.assign(basket=-7.5)])
    held.to_csv(folder / "held.csv", index=False)
    found = leakage(folder, table, VersionedTable.open(table).frames())
    assert found == "2 of 4 held-out rows have the features of a training row"
    toml = folder / "package.toml"
    toml.write_text(toml.read_text().replace("[data]", '[data]\nkey = ["basket"]'))
    found = leakage(folder, table, VersionedTable.open(table).frames())
    assert found == "4 of 4 held-out rows have the features of a training row"  # no key
    assert leakage(folder, Location("/other"), iter([])) is None
    assert leakage(Path(tmp_path), table, iter([])) is None
