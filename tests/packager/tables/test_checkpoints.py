"""Untrusted tables: no checkpoint or data file reads other folders, and none is a bomb."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from foreign_tables import edit, log_entry, made, needs

from packager.errors import PackageError
from packager.location import Location
from packager.tables.checkout import export
from packager.tables.delta import VersionedTable

CHECKPOINT = f"{0:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11"
PATH = pa.struct([("path", pa.string())])


@pytest.fixture
def place(tmp_path):
    return Location.parse(str(tmp_path / "table"))


@pytest.fixture
def secret(tmp_path):
    """A sidecar outside of the table."""
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "secret.parquet"
    pq.write_table(pa.table({"add": pa.array([None], PATH)}), path)
    return path


@pytest.fixture
def opened(monkeypatch):
    """Tables that deltalake was asked to open."""
    asked = []
    monkeypatch.setattr("packager.tables.delta.DeltaTable", lambda *given, **_: asked.append(given))
    return asked


def names_sidecar(place, name, form="json"):
    """Let a checkpoint of the table name a sidecar."""
    made(place, {"id": [1]})
    needs(place, ["v2Checkpoint"])
    log = place.path / "_delta_log"
    if form == "parquet":
        column = pa.array([{"path": name}, None], PATH)
        pq.write_table(pa.table({"sidecar": column}), log / f"{CHECKPOINT}.parquet")
        return
    line = name if name.startswith("{") else json.dumps({"sidecar": {"path": name}})
    (log / f"{CHECKPOINT}.json").write_text(f'{{"checkpointMetadata":{{"version":0}}}}\n{line}\n')


NAMES = [
    "../../../home/secret.parquet",
    "..\\..\\..\\home\\secret.parquet",
    "%2e%2e/%2e%2e/home/secret.parquet",
    "\t../../home/secret.parquet",
    "{folder}/secret.parquet",
    "file://{folder}/secret.parquet",
    "s3://elsewhere/secret.parquet",
    "deeper/secret.parquet",
    "secret.parquet?x",
    "",
]


@pytest.mark.parametrize("form", ["json", "parquet"])
@pytest.mark.parametrize("name", NAMES)
def test_a_sidecar_elsewhere_is_refused_before_the_table_is_opened(
    place, secret, name, form, opened
):
    names_sidecar(place, name.format(folder=secret.parent), form)
    with pytest.raises(PackageError, match=r"within its folder, those of its checkpoints in "):
        VersionedTable.open(place)
    assert not opened


ODD = [
    '{"sidecar": {"path": "x.parquet", "path": "../../../home/secret.parquet"}}',
    '{"sidecar": {"path": "x.parquet"}}{"sidecar": {"path": "../../../home/secret.parquet"}}',
]


@pytest.mark.parametrize("line", ODD)
def test_a_checkpoint_that_readers_could_take_in_two_ways_is_refused(place, secret, line, opened):
    names_sidecar(place, line)
    with pytest.raises(PackageError, match="without duplicate names"):
        VersionedTable.open(place)
    assert not opened


@pytest.mark.parametrize("place_of_link", ["file", "folder"])
def test_a_sidecar_that_is_a_link_is_refused(place, secret, place_of_link, opened):
    names_sidecar(place, "x.parquet")
    folder = place.path / "_delta_log" / "_sidecars"
    if place_of_link == "folder":
        folder.symlink_to(secret.parent)
    else:
        folder.mkdir()
        (folder / "x.parquet").symlink_to(secret)
    with pytest.raises(PackageError, match="a link to"):
        VersionedTable.open(place)
    assert not opened


def test_an_older_whole_checkpoint_counts_where_the_newest_has_parts_missing(place, secret, opened):
    names_sidecar(place, "../../../home/secret.parquet")
    part = f"{0:020}.checkpoint.{1:010}.{2:010}.parquet".replace(f"{0:020}", f"{1:020}", 1)
    (place.path / "_delta_log" / part).write_bytes(secret.read_bytes())
    with pytest.raises(PackageError, match="within its folder"):
        VersionedTable.open(place)
    assert not opened


@pytest.mark.parametrize("folder", ["..\\..\\home", "a%2fb", "a/b", "..", "x y"])
def test_the_folder_of_a_deletion_vector_is_a_plain_name(place, folder, tmp_path):
    made(place, {"id": [1]})
    needs(place, ["deletionVectors"])
    vector = {"storageType": "u", "pathOrInlineDv": folder + "0" * 20, "sizeInBytes": 40}
    vector |= {"cardinality": 1, "offset": 1}
    edit(place, lambda action: action.get("add", {}).update(deletionVector=vector))
    with pytest.raises(PackageError, match=r"within its folder|can't be read: the folder"):
        export(place, tmp_path / "out.parquet")


def bomb(column, rows=1_000):
    """A column that a kilobyte of Parquet holds, and that spells out as 100 MB."""
    texts = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array(["x" * 100_000])
    )
    nested = pa.StructArray.from_arrays([texts], ["path"])
    return pa.table({column: texts if column == "s" else nested})


@pytest.mark.parametrize("part", ["checkpoint", "sidecar"])
def test_a_checkpoint_that_spells_out_as_more_than_memory_is_refused(
    place, part, opened, monkeypatch
):
    names_sidecar(place, "x.parquet")
    log = place.path / "_delta_log"
    file = log / "_sidecars" / "x.parquet"
    if part == "checkpoint":
        file = log / f"{CHECKPOINT}.parquet"
    file.parent.mkdir(exist_ok=True)
    pq.write_table(bomb("add"), file, store_schema=False)
    assert file.stat().st_size < 20_000
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 60_000_000)
    with pytest.raises(PackageError, match="expected actions to fit in the available memory"):
        VersionedTable.open(place)
    assert not opened


def test_a_log_of_more_than_memory_holds_is_refused(place, opened, monkeypatch):
    made(place, {"id": [1]})
    with log_entry(place, 1).open("w") as file:
        file.truncate(60_000_000)
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 100_000_000)
    with pytest.raises(PackageError, match="expected a log to fit in the available memory"):
        VersionedTable.open(place)
    assert not opened


def replace_rows(place, table):
    """Put other rows in the place of the table's own file."""
    [file] = place.path.glob("*.parquet")
    pq.write_table(table, file, compression="zstd", store_schema=False)
    assert file.stat().st_size < 20_000


def test_text_of_a_table_is_held_once_and_refused_where_it_is_spelled_out(
    place, tmp_path, monkeypatch
):
    made(place, {"s": ["a"]})
    replace_rows(place, bomb("s", 20_000))
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 200_000_000)
    before = pa.total_allocated_bytes()
    frames = [*VersionedTable.open(place).frames()]
    assert sum(map(len, frames)) == 20_000
    assert frames[-1]["s"].iloc[0] is frames[-1]["s"].iloc[-1]
    assert pa.total_allocated_bytes() - before < 50_000_000
    with pytest.raises(PackageError, match="expected text to fit in the available memory"):
        export(place, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_nested_columns_of_a_table_are_measured_first(place, tmp_path, monkeypatch):
    made(place, {"n": pa.array([{"path": "a"}], PATH)})
    replace_rows(place, bomb("n"))
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 60_000_000)
    store = VersionedTable.open(place)
    for read in (lambda: [*store.frames()], lambda: [*store.tables()]):
        with pytest.raises(PackageError, match="expected nested and binary columns to fit"):
            read()


@pytest.mark.slow
def test_a_row_group_that_has_no_room_is_refused(place, monkeypatch):
    made(place, {"i": [1]})
    table = pa.table({"i": pa.array(np.zeros(20_000_000, np.int64))})
    [file] = place.path.glob("*.parquet")
    pq.write_table(table, file, compression="zstd", row_group_size=len(table))
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 100_000_000)
    with pytest.raises(PackageError, match="expected a row group to fit in the available memory"):
        [*VersionedTable.open(place).frames()]


@pytest.mark.slow
def test_checkpoints_of_every_day_are_read(place, tmp_path):
    for number in range(3):
        made(place, {"id": [number]}, mode="append")
        DeltaTable(place.uri).create_checkpoint()
    shutil.copytree(place.path, tmp_path / "copy")
    copy = Location.parse(str(tmp_path / "copy"))
    assert sum(map(len, VersionedTable.open(copy).frames())) == 3
