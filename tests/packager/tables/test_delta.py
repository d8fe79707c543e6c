"""An opened table: its versions by number, its columns, and whether it can be written."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from foreign_tables import made, sets

from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.tables.checkout import revert
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.source import open_source


def test_a_version_that_is_not_there_is_named(commit, place, frame):
    commit(frame)
    with pytest.raises(UsageError, match="expected one of its versions, got 7") as caught:
        VersionedTable.open(place).version(7)
    assert caught.value.hint == "its latest versions are 1"
    with pytest.raises(UsageError, match="expected a table with versions, got none there"):
        VersionedTable.open(Location("/nowhere/at/all"))


def test_a_folder_of_files_is_never_made_a_table(place, frame, commit):
    place.path.mkdir()
    (place.path / "march.csv").write_text("x\n1\n")
    with pytest.raises(UsageError, match="expected an empty folder for a new table"):
        commit(frame)
    assert [file.name for file in place.path.iterdir()] == ["march.csv"]
    assert Location.parse(place.name, place.path.parent).uri.endswith(f".pkgdata/{place.name}")


def rows(place, number=None):
    tables = list(VersionedTable.open(place).tables(number))
    return pa.concat_tables(tables).to_pylist()


def append(place, columns, tmp_path, **options):
    file = tmp_path / "more.parquet"
    pq.write_table(pa.table(columns), file)
    return commit_rows(open_source(file), place, "more", "me", append=True, **options)


def test_a_table_keeps_its_partition_columns(place, tmp_path):
    made(place, {"id": [1], "p": ["a"]}, partition_by=["p"])
    pq.write_table(pa.table({"id": [1]}), tmp_path / "new.parquet")
    with pytest.raises(UsageError, match="partition column 'p'"):
        commit_rows(open_source(tmp_path / "new.parquet"), place, "new", "me", change=True)


@pytest.mark.slow
def test_a_table_that_only_grows_takes_rows_and_loses_none(place, tmp_path):
    made(place, {"id": [1]}, configuration={"delta.appendOnly": "true"})
    append(place, {"id": [2]}, tmp_path)
    with pytest.raises(PackageError, match="needs appendOnly") as caught:
        commit_rows(open_source(tmp_path / "more.parquet"), place, "m", "me")
    assert "--append" in caught.value.hint
    with pytest.raises(PackageError, match="needs appendOnly"):
        revert(Location(place.uri, 0), "", "me")
    assert [row["id"] for row in rows(place)] == [1, 2]


@pytest.mark.slow
def test_times_without_a_zone_leave_the_old_features_in_force(place, tmp_path):
    made(place, {"id": [1]}, configuration={"delta.appendOnly": "true"})
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [1]}), file)
    made(place, {"id": [2]}, mode="append")
    table = DeltaTable(place.uri)
    assert table.protocol().min_writer_version == 2
    own = Location(str(tmp_path / "own"))
    made(own, {"id": [1]})
    times = pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("us"))
    pq.write_table(pa.table({"id": times}), file)
    commit_rows(open_source(file), own, "m", "me", change=True)
    assert {"appendOnly", "invariants", "timestampNtz"} <= {
        *DeltaTable(own.uri).protocol().writer_features
    }


@pytest.mark.slow
def test_notes_on_columns_stay_and_nulls_are_refused_where_the_table_has_none(place, tmp_path):
    made(place, {"id": [1], "x": [1.0]})
    sets(place, id={"nullable": False, "metadata": {"comment": "the key"}})
    with pytest.raises(UsageError, match=r"column 'id': expected no nulls, .*NOT NULL.*, got 1"):
        append(place, {"id": [None, 2], "x": [1.0, 2.0]}, tmp_path)
    pq.write_table(pa.table({"id": [5], "x": [1.0], "new": ["a"]}), tmp_path / "new.parquet")
    commit_rows(open_source(tmp_path / "new.parquet"), place, "m", "me", change=True)
    field = DeltaTable(place.uri).schema().fields[0]
    assert (field.nullable, field.metadata) == (False, {"comment": "the key"})
