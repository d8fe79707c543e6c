"""Delta tables of other programs: read as the format specifies, or refused with the feature."""

import datetime as dt
import decimal
import json

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from foreign_tables import delete_rows, edit, log_entry, made, needs, rename, sets

from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.tables import storage
from packager.tables.checkout import export, revert
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.errors import ConflictError
from packager.tables.protocol import FEATURES
from packager.tables.source import open_source
from packager.tables.vacuum import vacuum

pytestmark = pytest.mark.slow

UTC = dt.UTC


def rows(place, number=None):
    tables = list(VersionedTable.open(place).tables(number))
    return pa.concat_tables(tables).to_pylist()


def append(place, columns, tmp_path, **options):
    file = tmp_path / "more.parquet"
    pq.write_table(pa.table(columns), file)
    return commit_rows(open_source(file), place, "more", "me", append=True, **options)


def entries(place):
    return sorted(path.name for path in (place.path / "_delta_log").glob("*.json"))


VALUES = {
    "text": (pa.string(), ["a/b c", "ä=%20&x", "'; --", None, "__HIVE_DEFAULT_PARTITION__"]),
    "date": (pa.date32(), [dt.date(2024, 2, 29), dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]),
    "time": (
        pa.timestamp("us"),
        [dt.datetime(2024, 1, 2, 3, 4, 5, 6), dt.datetime(1, 1, 1), None, dt.datetime(1969, 7, 1)],
    ),
    "moment": (
        pa.timestamp("us", "UTC"),
        [dt.datetime(2024, 1, 2, 3, 4, 5, 6, UTC), dt.datetime(9, 1, 1, tzinfo=UTC), None],
    ),
    "decimal": (
        pa.decimal128(12, 4),
        [decimal.Decimal("1.5000"), decimal.Decimal("-0.0100"), None, decimal.Decimal("0.0000")],
    ),
    "bool": (pa.bool_(), [True, False, None]),
    "long": (pa.int64(), [1, -5, None, 2**62, 0]),
    "byte": (pa.int8(), [1, -5, None]),
    "float": (pa.float32(), [1.1, float("inf"), None, 1e-30]),
    "double": (pa.float64(), [0.1 + 0.2, -0.0, None, float("-inf"), 1e300]),
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.sample(4)
def test_appended_rows_have_their_partitions_values_for_every_reader(place, tmp_path, kind):
    dtype, values = VALUES[kind]
    made(place, {"id": [0], "p": pa.array([values[0]], dtype)}, partition_by=["p"])
    more = pa.array([*values, *values], dtype)
    ids = list(range(1, len(more) + 1))
    added = append(place, {"id": ids, "p": more}, tmp_path)
    wanted = {0: more[0].as_py(), **dict(zip(ids, more.to_pylist(), strict=True))}
    assert {row["id"]: row["p"] for row in rows(place)} == wanted
    kernel = pa.table(DeltaTable(place.uri).scan()).to_pylist()
    assert {row["id"]: row["p"] for row in kernel} == wanted
    assert len(added.version.fingerprint.columns) == 2
    again = append(place, {"id": [], "p": pa.array([], dtype)}, tmp_path)
    assert again.version.fingerprint.row_count == len(wanted)


def test_a_replaced_table_keeps_its_partitions_and_equal_rows_change_nothing(place, tmp_path):
    made(place, {"id": [1, 2], "p": ["a", "b"]}, partition_by=["p"])
    pq.write_table(pa.table({"p": ["x", "y", "x"], "id": [1, 2, 3]}), tmp_path / "new.parquet")
    first = commit_rows(open_source(tmp_path / "new.parquet"), place, "new", "me")
    assert [(row["id"], row["p"]) for row in rows(place)] == [(1, "x"), (3, "x"), (2, "y")]
    assert DeltaTable(place.uri).metadata().partition_columns == ["p"]
    before = sorted(path.name for path in place.path.rglob("*.parquet"))
    again = commit_rows(open_source(tmp_path / "new.parquet"), place, "again", "me")
    assert (again.unchanged, again.version.number) == (True, first.version.number)
    assert sorted(path.name for path in place.path.rglob("*.parquet")) == before


def test_an_export_of_a_partitioned_version_has_the_recorded_fingerprint(place, tmp_path):
    made(place, {"id": [1, 2], "p": ["a", "b"]}, partition_by=["p"])
    added = append(place, {"id": [3, 4, 5], "p": ["b", "a", "b"]}, tmp_path)
    export(place, tmp_path / "out.parquet")
    from packager.tables.stream import fingerprint_path

    found, kept = fingerprint_path(tmp_path / "out.parquet"), added.version.fingerprint
    assert (found.ordered, found.rows, found.schema_) == (kept.ordered, kept.rows, kept.schema_)


def test_empty_text_which_a_partition_would_lose_is_refused(place, tmp_path):
    made(place, {"id": [1], "p": ["a"]}, partition_by=["p"])
    with pytest.raises(
        UsageError, match="partition column 'p': '' cannot be distinguished from null"
    ):
        append(place, {"id": [2, 3], "p": ["b", ""]}, tmp_path)
    assert entries(place) == ["00000000000000000000.json"]
    assert len(list(place.path.glob("*.parquet"))) == 0


def test_renamed_columns_are_read_by_the_names_of_the_files(place):
    inner = pa.array([{"x": 1, "y": [{"z": "q"}]}, None])
    made(place, {"old": [1, None], "n": inner, "p": ["a", "b"]}, partition_by=["p"])
    needs(place, versions=(2, 5))
    rename(place, old="new", x="X", z="Z", p="part")
    found = {row["part"]: (row["new"], row["n"]) for row in rows(place)}
    assert found == {"a": (1, {"X": 1, "y": [{"Z": "q"}]}), "b": (None, None)}
    assert VersionedTable.open(place).floats() == ["new"]


def test_columns_mapped_by_number_are_refused_by_name(place):
    made(place, {"old": [1]})
    needs(place, ["columnMapping"])
    rename(place, mode="id", old="new")
    with pytest.raises(
        PackageError, match=r"needs columnMapping \(mode id\), .* this program doesn't read"
    ):
        rows(place)


@pytest.mark.parametrize("deleted", [[0], [1, 3, 8], [9], list(range(10))])
def test_deleted_rows_are_not_read(place, deleted, tmp_path):
    made(place, {"id": list(range(10)), "p": ["ä /%"] * 10}, partition_by=["p"])
    needs(place, ["deletionVectors"])
    delete_rows(place, deleted)
    kept = [number for number in range(10) if number not in deleted]
    assert [row["id"] for row in rows(place)] == kept
    assert sorted(pa.table(DeltaTable(place.uri).scan())["id"].to_pylist()) == kept
    with pytest.raises(PackageError, match=r"needs deletionVectors, .* this program doesn't write"):
        append(place, {"id": [1], "p": ["x"]}, tmp_path)


WIDER = {
    "integer→long": (pa.int32(), [1, None], pa.int64(), [1, None]),
    "byte→short": (pa.int8(), [1, -1], pa.int16(), [1, -1]),
    "float→double": (pa.float32(), [0.5], pa.float64(), [0.5]),
    "integer→double": (pa.int32(), [7], pa.float64(), [7.0]),
    "date→ntz": (pa.date32(), [dt.date(1, 1, 2)], pa.timestamp("us"), [dt.datetime(1, 1, 2)]),
    "decimal": (
        pa.decimal128(6, 2), [decimal.Decimal("1.25")],
        pa.decimal128(10, 4), [decimal.Decimal("1.2500")],
    ),
    "long→decimal": (pa.int64(), [-3], pa.decimal128(22, 2), [decimal.Decimal("-3.00")]),
}  # fmt: skip


@pytest.mark.parametrize("kind", WIDER)
def test_files_of_narrower_types_are_read_in_the_tables(place, kind, tmp_path):
    narrow, held, wide, wanted = WIDER[kind]
    made(place, {"v": pa.array(held, narrow)})
    made(Location(str(tmp_path / "wide")), {"v": pa.array(wanted, wide)})
    [field] = DeltaTable(str(tmp_path / "wide")).schema().fields
    sets(place, v={"type": json.loads(field.to_json())["type"]})
    needs(place, ["typeWidening", "timestampNtz"])
    assert [row["v"] for row in rows(place)] == wanted
    with pytest.raises(PackageError, match="typeWidening"):
        append(place, {"v": pa.array(wanted, wide)}, tmp_path)


def test_old_96_bit_times_of_spark_are_read_as_far_as_they_reach(place):
    times = [dt.datetime(1, 1, 1, tzinfo=UTC), dt.datetime(9999, 12, 31, tzinfo=UTC)]
    made(place, {"t": pa.array(times, pa.timestamp("us", "UTC"))})
    [file] = place.path.glob("*.parquet")
    pq.write_table(pq.read_table(file), file, use_deprecated_int96_timestamps=True)
    edit(place, lambda a: a.get("add", {}).update(size=file.stat().st_size))
    assert [row["t"] for row in rows(place)] == times


def test_columns_that_came_later_are_null_in_older_files(place):
    made(place, {"a": [1]})
    write_deltalake(place.uri, pa.table({"a": [2], "b": ["x"]}), mode="append", schema_mode="merge")
    assert rows(place) == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


def test_appends_of_other_programs_are_versions_like_ours(commit, place, frame):
    commit(frame)
    write_deltalake(place.uri, pa.table({"id": [7], "x": [0.5], "c": ["z"]}), mode="append")
    commit(pd.DataFrame({"id": [8], "x": [1.5], "c": ["z"]}), append=True)
    assert [row["id"] for row in rows(place)][-3:] == [199, 7, 8]
    assert [v.operation for v in VersionedTable.open(place).versions] == ["add", "add", "append"]


@pytest.mark.parametrize("operation", [None, "CREATE TABLE", "CREATE TABLE AS SELECT"])
def test_rows_of_commits_that_say_nothing_of_themselves_are_not_lost(place, tmp_path, operation):
    made(place, {"id": [1, 2]})

    def change(action):
        if "commitInfo" in action and operation is None:
            return False
        action.get("commitInfo", {}).update(operation=operation)
        return None

    edit(place, change)
    added = append(place, {"id": [3]}, tmp_path)
    assert [row["id"] for row in rows(place)] == [1, 2, 3]
    assert added.version.number == 1


def test_checkpoints_in_one_part_or_several_are_read(place, tmp_path):
    for number in range(4):
        made(place, {"id": [number]}, mode="append")
    DeltaTable(place.uri).create_checkpoint()
    log = place.path / "_delta_log"
    whole = log / f"{3:020}.checkpoint.parquet"
    table = pq.read_table(whole)
    for part, (start, stop) in enumerate([(0, 2), (2, len(table))], 1):
        name = f"{3:020}.checkpoint.{part:010}.{2:010}.parquet"
        pq.write_table(table.slice(start, stop - start), log / name)
    whole.unlink()
    last = json.loads((log / "_last_checkpoint").read_text())
    (log / "_last_checkpoint").write_text(json.dumps({**last, "parts": 2}))
    for number in range(3):
        log_entry(place, number).unlink()
    assert [row["id"] for row in rows(place)] == [0, 1, 2, 3]
    append(place, {"id": [4]}, tmp_path)
    assert [row["id"] for row in rows(place)] == [0, 1, 2, 3, 4]


def test_checkpoints_of_the_second_kind_are_read_and_written_beside(place, tmp_path):
    made(place, {"id": [0]})
    needs(place, ["v2Checkpoint"])
    made(place, {"id": [1]}, mode="append")
    actions = [json.loads(line) for n in (0, 1) for line in log_entry(place, n).open()]
    kept = [a for a in actions if "add" in a or "protocol" in a or "metaData" in a]
    lines = [{"checkpointMetadata": {"version": 1}}, *kept]
    name = f"{1:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"
    (place.path / "_delta_log" / name).write_text("".join(json.dumps(a) + "\n" for a in lines))
    log_entry(place, 0).unlink()
    assert [row["id"] for row in rows(place)] == [0, 1]
    append(place, {"id": [2]}, tmp_path)
    assert [row["id"] for row in rows(place)] == [0, 1, 2]


def test_files_that_a_checkpoint_names_in_sidecars_are_read(place, tmp_path):
    made(place, {"id": [0]})
    needs(place, ["v2Checkpoint"])
    made(place, {"id": [1]}, mode="append")
    DeltaTable(place.uri).create_checkpoint()
    log = place.path / "_delta_log"
    whole = log / f"{1:020}.checkpoint.parquet"
    table = pq.read_table(whole)
    (log / "_sidecars").mkdir(exist_ok=True)
    sidecar = log / "_sidecars" / "016ae953-37a9-438e-8683-9a9a4a79a395.parquet"
    pq.write_table(table.filter(pc.is_valid(table["add"])).select(["add"]), sidecar)
    actions = [json.loads(line) for n in (0, 1) for line in log_entry(place, n).open()]
    named = {
        "path": sidecar.name,
        "sizeInBytes": sidecar.stat().st_size,
        "modificationTime": int(sidecar.stat().st_mtime * 1000),
        "tags": {},
    }
    lines = [
        {"checkpointMetadata": {"version": 1}},
        *(action for action in actions if "protocol" in action or "metaData" in action),
        {"sidecar": named},
    ]
    name = f"{1:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"
    (log / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    whole.unlink()
    (log / "_last_checkpoint").unlink()
    log_entry(place, 0).unlink()
    log_entry(place, 1).unlink()
    log_entry(place, 1).write_text('{"commitInfo":{}}\n')
    assert [row["id"] for row in rows(place)] == [0, 1]
    append(place, {"id": [2]}, tmp_path)
    assert [row["id"] for row in rows(place)] == [0, 1, 2]


UNREAD = [name for name, feature in FEATURES.items() if feature.reads and name != "columnMapping"]


LISTED_FOR_WRITERS = ("coordinatedCommits-preview", "managedCommits-dev")


@pytest.mark.parametrize("name", [*UNREAD, "somethingNew"])
def test_what_cannot_be_read_is_refused_by_its_name_before_anything_is_read(place, name, tmp_path):
    made(place, {"id": [1]})
    if name in LISTED_FOR_WRITERS:
        needs(place, (), [name])
    else:
        needs(place, [name])
    with pytest.raises(PackageError, match=f"needs {name}, a Delta feature"):
        export(place, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    with pytest.raises(PackageError, match=f"needs {name}, a Delta feature"):
        append(place, {"id": [2]}, tmp_path)


UNWRITTEN = [
    "allowColumnDefaults", "identityColumns", "rowTracking", "domainMetadata", "clustering",
    "icebergCompatV1", "icebergCompatV2", "icebergCompatV3", "icebergWriterCompatV1",
    "inCommitTimestamp", "materializePartitionColumns", "checkpointProtection", "somethingNew",
]  # fmt: skip


@pytest.mark.parametrize("name", UNWRITTEN)
def test_writers_features_are_read_past_and_never_written(place, name, tmp_path):
    made(place, {"id": [1]})
    needs(place, (), [name])
    assert rows(place) == [{"id": 1}]
    for refused in (
        lambda: append(place, {"id": [2]}, tmp_path),
        lambda: commit_rows(open_source(tmp_path / "more.parquet"), place, "m", "me"),
        lambda: vacuum(place, 1, [], delete=True),
    ):
        with pytest.raises(PackageError, match=f"needs {name}, .* this program doesn't write"):
            refused()
    assert entries(place) == ["00000000000000000000.json"]


USED = {
    "checkConstraints": lambda place: sets(place, {"delta.constraints.positive": "id > 0"}),
    "invariants": lambda place: sets(place, id={"metadata": {"delta.invariants": "{}"}}),
    "generatedColumns": lambda place: sets(
        place, id={"metadata": {"delta.generationExpression": "1"}}
    ),
}


@pytest.mark.parametrize("name", USED)
@pytest.mark.parametrize("versions", [(1, 4), (3, 7)])
def test_a_feature_that_a_version_implies_is_refused_if_used(place, name, versions, tmp_path):
    made(place, {"id": [1]})
    needs(place, (), [name], versions=versions)
    append(place, {"id": [2]}, tmp_path)
    USED[name](place)
    with pytest.raises(PackageError, match=f"needs {name}, "):
        append(place, {"id": [-1]}, tmp_path)
    assert [row["id"] for row in rows(place)] == [1, 2]


def test_changes_that_others_follow_are_whole_files(place, tmp_path):
    made(place, {"id": [1]}, configuration={"delta.enableChangeDataFeed": "true"})
    append(place, {"id": [2]}, tmp_path)
    commit_rows(open_source(tmp_path / "more.parquet"), place, "m", "me")
    feed = pa.table(DeltaTable(place.uri).load_cdf(starting_version=1)).to_pylist()
    told = sorted((r["_commit_version"], r["_change_type"], r["id"]) for r in feed)
    assert told == [(1, "insert", 2), (2, "delete", 1), (2, "delete", 2), (2, "insert", 2)]


def test_a_clone_that_names_files_of_another_table_is_refused(place):
    made(place, {"id": [1]})
    edit(place, lambda action: action.get("add", {}).update(path="file:///elsewhere/x.parquet"))
    with pytest.raises(PackageError, match="expected all its files within its folder") as caught:
        rows(place)
    assert "shallow clone" in caught.value.hint


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table.set_column(1, "x", pa.array([0.0] * len(table))),
        lambda table: table.slice(1),
        lambda table: table.take(pa.array(range(len(table))[::-1])),
    ],
)
@pytest.mark.parametrize("partitioned", [False, True])
def test_what_is_written_wrongly_is_caught_before_it_is_committed(
    place, frame, tmp_path, monkeypatch, spoil, partitioned
):
    made(place, pa.Table.from_pandas(frame), partition_by=["c"] if partitioned else None)
    before = rows(place), entries(place), len(list(place.path.rglob("*.parquet")))
    plain = storage.RowFile.add
    monkeypatch.setattr(storage.RowFile, "add", lambda self, table: plain(self, spoil(table)))
    reordered = spoil(pa.table({"id": [1, 2]} | {"x": [1.0, 2.0]})).to_pylist()[0]["id"] == 2
    if partitioned and reordered and len(spoil(pa.table(frame))) == len(frame):
        return  # rows of a partition may come in any order: what is recorded is how they are read
    columns = {"id": [1, 2, 3], "x": [1.0, 2.0, 3.0], "c": ["a", "a", "b"]}
    with pytest.raises(PackageError, match="read back differently, in ") as caught:
        append(place, columns, tmp_path)
    assert "nothing was committed" in caught.value.message
    assert (rows(place), entries(place), len(list(place.path.rglob("*.parquet")))) == before


def test_a_log_that_says_otherwise_than_was_meant_is_taken_back(place, tmp_path, monkeypatch):
    made(place, {"id": [1, 2], "p": ["a", "b"]}, partition_by=["p"])
    before = rows(place)
    plain = DeltaTable.create_write_transaction

    def without_field(self, actions, *rest, **options):
        for action in actions:
            action.partition_values = {"p": None}
        plain(self, actions, *rest, **options)
        for action in actions:
            action.partition_values = {"p": "z"}

    monkeypatch.setattr(DeltaTable, "create_write_transaction", without_field)
    with pytest.raises(PackageError, match="differs from what was written"):
        append(place, {"id": [3], "p": ["z"]}, tmp_path)
    assert rows(place) == before
    assert VersionedTable.open(place).versions[-1].message == "version 1 was written wrongly"


@pytest.mark.parametrize("names", [["Id", "id"], ["a", "B", "b"]])
def test_names_that_differ_only_in_case_are_refused(place, tmp_path, names):
    file = tmp_path / "t.csv"
    file.write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    with pytest.raises(UsageError, match="differ only in case") as caught:
        commit_rows(open_source(file), place, "m", "me")
    assert repr(names[-1]) in caught.value.message
    assert not VersionedTable.exists(place)


@pytest.mark.parametrize("options", [{}, {"append": True}, {"change": True}])
def test_a_column_that_differs_from_the_tables_only_in_case_is_refused(
    commit, place, frame, options
):
    commit(frame)
    with pytest.raises(UsageError, match="'ID' differs only in case from its column 'id'"):
        commit(frame.rename(columns={"id": "ID"}), **options)
    assert len(VersionedTable.open(place).versions) == 1


def test_appended_rows_come_last_though_the_clock_went_back(commit, place, frame, monkeypatch):
    commit(frame)
    monkeypatch.setattr("packager.tables.write.time.time_ns", lambda: 0)
    commit(frame.assign(id=frame["id"] + 1000), append=True)
    assert [row["id"] for row in rows(place)][200] == 1000


def test_duckdb_reads_what_was_written_to_a_partitioned_table(place, tmp_path):
    made(place, {"id": [1], "p": ["a b"]}, partition_by=["p"])
    append(place, {"id": [2, 3], "p": ["c/d", None]}, tmp_path)
    dataset = DeltaTable(place.uri).to_pyarrow_dataset()  # DuckDB finds it by its name
    assert len(dataset.schema) == 2
    assert duckdb.sql("select id, p from dataset order by id").fetchall() == [
        (1, "a b"),
        (2, "c/d"),
        (3, None),
    ]


@pytest.mark.parametrize("verb", ["gc", "revert"])
def test_what_meets_another_writer_starts_again(commit, place, frame, monkeypatch, verb):
    commit(frame)
    commit(frame.assign(x=1.5))
    name = "remove_others" if verb == "gc" else "restore"
    plain, late = getattr(VersionedTable, name), []

    def concurrent_writer(self, *rest, **options):
        if not late:
            late.append(1)
            raise ConflictError("another writer committed a version meanwhile")
        return plain(self, *rest, **options)

    monkeypatch.setattr(VersionedTable, name, concurrent_writer)
    if verb == "gc":
        assert len(vacuum(place, 1, [], delete=True).files) == 1
    else:
        assert revert(Location(place.uri, 1), "", "me").number == 3


def test_files_of_partitions_are_freed_by_the_names_they_have(place, tmp_path):
    made(place, {"id": [1], "p": ["ä /%"]}, partition_by=["p"])
    pq.write_table(pa.table({"id": [2], "p": ["b"]}), tmp_path / "new.parquet")
    commit_rows(open_source(tmp_path / "new.parquet"), place, "new", "me")
    found = vacuum(place, 1, [], delete=True)
    assert (len(found.files), found.size > 0) == (1, True)
    assert [row["id"] for row in rows(place)] == [2]
    assert not VersionedTable.open(place).has_rows(0)
