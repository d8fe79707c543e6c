"""A project whose data is a version of a table."""

from types import SimpleNamespace

import pandas as pd
from host_samples import write_project
from table_projects import committed, project_of, visits

from packager.digest import sha256_file
from packager.location import Location
from packager.manifest.data_roles import Split
from packager.manifest.label_schemes import TableVersion
from packager.manifest.manifest import DataSource
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.review.gate import make_check_job
from packager.runners.table_data import local_data, on_local_data
from packager.tables.checkout import revert
from packager.tables.pins import Pin, pin_or_warn, pins


class RecordedProgress(NullProgress):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def test_the_named_version_is_exported_and_a_newer_one_reported(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame, frame.iloc[:1])
    project = load_project(project_of(tmp_path, "delta:visits@1"))
    assert project.table == Location(table.uri, 1)
    told, digests = RecordedProgress(), set()
    for _ in range(2):
        with local_data(project, told) as local:
            file = local.path(local.data.source)
            assert (file.name, len(pd.read_parquet(file))) == ("visits.parquet", len(frame))
            assert local.exported == TableVersion(table="visits", version=1)
            assert local.table.uri == table.uri
            digests.add(sha256_file(file))
        assert not file.exists()
    assert len(digests) == 1
    assert "version 2 is newer than the one that package.toml names" in told.warnings[0]


def test_without_a_version_the_latest_is_taken(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame, frame.iloc[:1])
    revert(Location(table.uri, 1), "", "me")
    told = RecordedProgress()
    with local_data(load_project(project_of(tmp_path, "delta:visits")), told) as local:
        assert local.exported.version == 3
    assert told.warnings == []


def test_plain_files_are_left_alone(tmp_path):
    project = load_project(write_project(tmp_path / "project"))
    with local_data(project, NullProgress()) as local:
        assert local is project


def test_a_manifest_keeps_the_version():
    source = DataSource(
        format="parquet", files=(), test_file=None, target="y", exclude=(), split=Split(),
        embed="none", fingerprint="", train_rows=1, test_rows=1,
        table=TableVersion(table="visits", version=3),
    )  # fmt: skip
    assert DataSource.model_validate_json(source.dump()).table.version == 3


def test_a_build_is_checked_against_the_previous_version_which_stays_too(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame, frame.assign(basket=9.0))
    folder = project_of(tmp_path, "delta:visits@2")
    (folder / "package.toml").open("a").write('[slices]\ncolumns = ["channel"]\n')
    with local_data(load_project(folder), RecordedProgress()) as local:
        asked = make_check_job(local, NullProgress())
        assert [column.name for column in asked.expected.previous] == list(frame)
        assert asked.expected.slices.rows["channel=web"] == 1
        assert asked.expected.accepted
        assert (
            make_check_job(local, NullProgress(), str(folder / "data" / "visits.csv")).expected.rows
            == 2
        )

    @on_local_data
    def build(project, output, engine, progress):
        return SimpleNamespace(manifest=SimpleNamespace(name="shop", tag="1-abc"))

    build(load_project(folder), None, None, NullProgress())
    assert [(pin.version, pin.needed_by) for pin in pins(table)] == [
        (1, "package shop 1-abc, compared with it"),
        (2, "package shop 1-abc"),
    ]


def test_a_table_for_reading_only_is_built_from_and_that_is_reported(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame)
    (table.path / "_package_pins").write_text("in the way")
    told = RecordedProgress()
    pin_or_warn(table, Pin(version=1, needed_by="package shop"), told)
    assert "cannot pin version 1, which package shop needs" in told.warnings[0]
