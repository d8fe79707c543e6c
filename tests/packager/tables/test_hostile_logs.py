"""Logs of somebody else's tables that lie, or are none: an error each, told in plain words."""

import contextlib
import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign_tables import _z85, delete_rows, edit, log_entry, made, needs

from packager.errors import PackageError
from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.report.table_log import log_json, log_text
from packager.tables.checkout import export
from packager.tables.delta import VersionedTable
from packager.tables.lineage import lineage, lineage_text
from packager.tables.vacuum import vacuum


@pytest.fixture
def table(place):
    made(place, {"id": [1, 2, 3], "s": ["a", "b", None]})
    return place


def says(place, **facts):
    edit(place, lambda action: action.get("commitInfo", {}).update(facts))


def derived(*parents, step="a:b"):
    named = [{"table": name, "version": 0, "content": "x"} for name in parents]
    return json.dumps({"parents": named, "step": step, "digest": "x", "params": {}})


def tell(place, tmp_path):
    """Everything that reads a table."""
    versions = VersionedTable.open(place).versions
    log_text(versions)
    json.dumps([log_json(version) for version in versions])
    export(place, tmp_path / "out.parquet")
    nodes = lineage(place)
    lineage_text(nodes)
    lineage_svg(nodes)
    vacuum(place, 1, (), delete=False)


JUNK = [
    ("package.message", 5),
    ("package.author", {"a": 1}),
    ("package.fingerprint", "{"),
    ("package.fingerprint", 7),
    ("package.derived", '{"parents":5}'),
    ("package.derived", "[" * 100_000),
    ("package.reverted_to", "x"),
]


@pytest.mark.parametrize(("name", "value"), JUNK)
def test_facts_of_a_commit_of_another_type_are_reported(table, tmp_path, name, value):
    says(table, **{name: value})
    with pytest.raises(PackageError, match="version 0: expected of its commit what") as raised:
        tell(table, tmp_path)
    assert len(raised.value.message) < 300


@pytest.mark.parametrize("when", [10**18, -(10**18)])
def test_a_time_beyond_the_calendar_is_shown_as_it_is(table, tmp_path, when):
    says(table, timestamp=when)
    tell(table, tmp_path)
    assert f"{when} ms" in log_text(VersionedTable.open(table).versions)


NOTES = ["[]", "5", "nope", "[" * 100_000, '{"version":"x","needed_by":"y"}', "9" * 5_000, "\xff"]


@pytest.mark.parametrize("text", [*NOTES, '"' + "x" * (2 << 20) + '"'])
def test_a_note_of_who_needs_a_version_that_is_none_is_reported(table, tmp_path, text):
    (table.path / "_package_pins").mkdir()
    (table.path / "_package_pins" / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PackageError, match=r"_package_pins/a\.json: expected"):
        tell(table, tmp_path)


@pytest.mark.parametrize("name", ["9" * 20, "9" * 200, "²" * 20, "1", "x"])
def test_other_files_in_the_log_are_no_entries(table, tmp_path, name):
    (table.path / "_delta_log" / f"{name}.json").write_text("{}")
    tell(table, tmp_path)


@pytest.mark.parametrize("line", ["[" * 200_000, '{"a":' * 200_000, "[]", '{"protocol":[]}', "5"])
def test_an_entry_of_another_kind_is_an_error_at_most(table, tmp_path, line):
    with log_entry(table).open("a") as log:
        log.write(line + "\n")
    with contextlib.suppress(PackageError):  # deltalake passes over some of them
        tell(table, tmp_path)


@pytest.mark.parametrize("name", ["a%00b", "a" * 5_000])
def test_a_name_that_no_file_can_have_is_reported(table, tmp_path, name):
    edit(table, lambda action: action.get("add", {}).update(path=name))
    with pytest.raises(PackageError):
        tell(table, tmp_path)


def test_tables_made_of_each_other_are_refused_and_shown_once_otherwise(table, tmp_path):
    says(table, **{"package.derived": derived(".")})
    with pytest.raises(PackageError, match="got a circle: table → table"):
        tell(table, tmp_path)


def test_a_table_with_very_many_ways_to_it_is_shown_in_linear_text(tmp_path):
    """Each of twenty is made of two, which are made of the one before: a million ways."""
    for number in range(20):
        for half in "ab":
            place = Location.parse(str(tmp_path / f"t{number}{half}"))
            made(place, {"id": [number]})
            if number:
                above = [f"../t{number - 1}a", f"../t{number - 1}b"]
                says(place, **{"package.derived": derived(*above, step="<script>x</script>")})
    nodes = lineage(Location.parse(str(tmp_path / "t19a")))
    assert len(lineage_text(nodes).splitlines()) < 400
    assert "<script" not in lineage_svg(nodes)


def bitmap(high=0, key=0, bitmaps=1):
    inner = struct.pack("<II", 12346, 1) + struct.pack("<HH", key, 0) + struct.pack("<IH", 16, 1)
    return struct.pack("<IQI", 1681511377, bitmaps, high) + inner


def inline(content, size=None):
    text = _z85(content + b"\0" * (-len(content) % 4))
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": size or len(content)}


UUID_LETTERS = "ab^-aqEH.-t@S}K{vb[*k^"[-20:]
ELSEWHERE = [
    {"storageType": "p", "pathOrInlineDv": "/etc/passwd", "sizeInBytes": 10, "offset": 1},
    {"storageType": "p", "pathOrInlineDv": "file:///etc/passwd", "sizeInBytes": 10},
    {"storageType": "p", "pathOrInlineDv": "s3://bucket/x", "sizeInBytes": 10},
    {"storageType": "u", "pathOrInlineDv": "../../" + UUID_LETTERS, "sizeInBytes": 10},
    {"storageType": "u", "pathOrInlineDv": "/etc/" + UUID_LETTERS, "sizeInBytes": 10},
]
BOMBS = [
    inline(bitmap(high=1)),
    inline(bitmap(high=2**31)),
    inline(bitmap(bitmaps=2**60)),
    inline(bitmap(), size=-5),
    inline(bitmap(), size=2**40),
    inline(b"\0" * 40),
    {"storageType": "i", "pathOrInlineDv": "éééé", "sizeInBytes": 4},
    {"storageType": "i", "pathOrInlineDv": 5, "sizeInBytes": 4},
    {"storageType": "z", "pathOrInlineDv": "x", "sizeInBytes": 4},
]


def with_vector(place, vector):
    needs(place, reader=["deletionVectors"])
    edit(place, lambda a: a.get("add", {}).update(deletionVector=vector | {"cardinality": 1}))


@pytest.mark.parametrize("vector", ELSEWHERE)
def test_a_deletion_vector_beyond_the_folder_is_refused(table, tmp_path, vector):
    with_vector(table, vector)
    with pytest.raises(PackageError, match="expected all its files within its folder"):
        export(table, tmp_path / "out.parquet")


@pytest.mark.parametrize("vector", BOMBS)
def test_a_deletion_vector_of_another_form_is_refused_before_it_is_unpacked(
    table, tmp_path, vector
):
    with_vector(table, vector)
    with pytest.raises(PackageError, match="table"):
        export(table, tmp_path / "out.parquet")


def test_a_deletion_vector_larger_than_memory_is_refused(table, tmp_path, monkeypatch):
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 10**9)
    with_vector(table, inline(bitmap(key=65535)))
    with pytest.raises(PackageError, match=r"memory there is \(1\.0 GB\), got 4,294,967,296 rows"):
        export(table, tmp_path / "out.parquet")


def test_a_name_twice_in_an_entry_with_vectors_is_refused(table, tmp_path):
    needs(table, reader=["deletionVectors"])
    delete_rows(table, [1])
    entry = log_entry(table)
    twice = entry.read_text().replace('"storageType"', '"storageType": "i", "storageType"')
    entry.write_text(twice)
    with pytest.raises(PackageError):
        export(table, tmp_path / "out.parquet")


def test_statistics_that_lie_change_no_row_and_no_type(table, tmp_path):
    rows = {"id": pa.array([1, None, 3]), "s": ["a", "b", "c"]}
    [file] = table.path.glob("*.parquet")
    pq.write_table(pa.table(rows), file)

    def wrong_log(action):
        if "add" in action:
            lies = {"numRecords": 10**12, "nullCount": {"id": 0}, "minValues": {"id": 7}}
            action["add"]["stats"] = json.dumps(lies | {"maxValues": {"id": 7}})

    edit(table, wrong_log)
    store = VersionedTable.open(table)
    assert store.floats(0) == ["id"]
    assert sum(len(frame) for frame in store.frames(0)) == 3
