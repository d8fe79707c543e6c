"""An untrusted table can't reach files outside its folder, by log or by link."""

import contextlib
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign_tables import edit, log_entry, made

from packager.errors import PackageError
from packager.location import Location
from packager.tables.checkout import export
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.source import open_source
from packager.tables.vacuum import vacuum


@pytest.fixture
def place(tmp_path):
    return Location.parse(str(tmp_path / "table"))


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "secret.parquet"
    pq.write_table(pa.table({"id": [41]}), path)
    return path


NAMES = [
    "../home/secret.parquet",
    "%2e%2e/home/secret.parquet",
    "..%2Fhome%2Fsecret.parquet",
    "x/../../home/secret.parquet",
    "{folder}/secret.parquet",
    "file://{folder}/secret.parquet",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_names_a_file_elsewhere_is_refused(place, secret, name, tmp_path):
    made(place, {"id": [1]})

    def change(action):
        if "add" in action:
            action["add"] |= {"path": name.format(folder=secret.parent), "stats": None}

    edit(place, change)
    with pytest.raises(PackageError, match="expected all its files within its folder"):
        export(place, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("linked", ["file", "folder", "log", "pins"])
def test_a_link_that_leads_elsewhere_is_refused(place, secret, linked, tmp_path):
    made(place, {"id": [1]})
    name = "link/secret.parquet" if linked == "folder" else "link.parquet"
    if linked in ("log", "pins"):
        folder = place.path / ("_delta_log" if linked == "log" else "_package_pins")
        if folder.exists():
            shutil.move(folder, tmp_path / "elsewhere")
        else:
            (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        target = secret.parent if linked == "folder" else secret
        (place.path / name.split("/")[0]).symlink_to(target)
        edit(place, lambda action: action.get("add", {}).update(path=name, stats=None))
    with pytest.raises(PackageError, match=r"within its folder, got .*, a link to "):
        export(place, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_pipe_in_place_of_rows_is_refused(place, tmp_path):
    made(place, {"id": [1]})
    os.mkfifo(place.path / "pipe.parquet")
    edit(place, lambda action: action.get("add", {}).update(path="pipe.parquet", stats=None))
    with pytest.raises(PackageError, match=r"got pipe\.parquet, which is a pipe"):
        export(place, tmp_path / "out.parquet")


@pytest.mark.parametrize("name", [*NAMES, "deep/link/secret.parquet"])
def test_gc_removes_nothing_beyond_the_folder(place, secret, name):
    for number in range(3):
        made(place, {"id": [number]}, mode="overwrite")
    (place.path / "deep").mkdir()
    (place.path / "deep" / "link").symlink_to(secret.parent)
    removed = {
        "path": name.format(folder=secret.parent),
        "deletionTimestamp": 1000,
        "dataChange": True,
        "size": 1,
    }
    removed |= {"partitionValues": {}, "extendedFileMetadata": True}
    with log_entry(place, 2).open("a") as log:
        log.write(json.dumps({"remove": removed}) + "\n")
    with contextlib.suppress(PackageError):  # deltalake itself passes over some of the names
        vacuum(place, 1, (), delete=True)
    assert secret.exists()


def test_an_append_through_a_link_is_taken_back(place, tmp_path):
    made(place, {"id": [1], "color": ["red"]}, partition_by=["color"])
    (tmp_path / "elsewhere").mkdir()
    (place.path / "color=blue").symlink_to(tmp_path / "elsewhere")
    rows = tmp_path / "rows.csv"
    rows.write_text("id,color\n2,blue\n")
    with pytest.raises(PackageError, match="within its folder"):
        commit_rows(open_source(rows), place, "more", "me", append=True)
    assert not [*(tmp_path / "elsewhere").iterdir()]


def test_a_table_reached_by_a_link_and_links_within_it_are_its_own(place, tmp_path):
    made(place, {"id": [1]})
    [rows] = place.path.glob("*.parquet")
    (place.path / "again.parquet").symlink_to(rows)
    edit(place, lambda action: action.get("add", {}).update(path="again.parquet", stats=None))
    (tmp_path / "way").symlink_to(place.path)
    export(Location(str(tmp_path / "way")), tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").to_pydict() == {"id": [1]}


def test_a_file_of_the_log_that_is_too_large_is_refused_before_it_is_read(place, tmp_path):
    made(place, {"id": [1]})
    with log_entry(place, 1).open("wb") as file:
        file.truncate(30 << 30)
    with pytest.raises(PackageError, match=r"at most 1 GiB in its log, got 0+1\.json with "):
        export(place, tmp_path / "out.parquet")
    with pytest.raises(PackageError, match="at most 1 GiB in its log"):
        VersionedTable.exists(place)
