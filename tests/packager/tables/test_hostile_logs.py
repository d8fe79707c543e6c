"""Untrusted table logs with wrong or missing content: each gives a clear error."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign_tables import edit, made
from written_logs import read_everything, set_commit_info

from packager.errors import PackageError
from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.tables.delta import VersionedTable
from packager.tables.lineage import lineage, lineage_text


def derived(*parents, step="a:b"):
    named = [{"table": name, "version": 0, "content": "x"} for name in parents]
    return json.dumps({"parents": named, "step": step, "digest": "x", "params": {}})


NOTES = ["[]", "5", "nope", "[" * 100_000, '{"version":"x","needed_by":"y"}', "9" * 5_000, "\xff"]


@pytest.mark.parametrize("text", [*NOTES, '"' + "x" * (2 << 20) + '"'])
def test_a_note_of_who_needs_a_version_that_is_none_is_reported(table, tmp_path, text):
    (table.path / "_package_pins").mkdir()
    (table.path / "_package_pins" / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PackageError, match=r"_package_pins/a\.json: expected"):
        read_everything(table, tmp_path)


@pytest.mark.parametrize("name", ["a%00b", "a" * 5_000])
def test_a_name_that_no_file_can_have_is_reported(table, tmp_path, name):
    edit(table, lambda action: action.get("add", {}).update(path=name))
    with pytest.raises(PackageError):
        read_everything(table, tmp_path)


def test_tables_made_of_each_other_are_refused_and_shown_once_otherwise(table, tmp_path):
    set_commit_info(table, **{"package.derived": derived(".")})
    with pytest.raises(PackageError, match="got a cycle: table → table"):
        read_everything(table, tmp_path)


@pytest.mark.slow
def test_a_table_with_very_many_ways_to_it_is_shown_in_linear_text(tmp_path):
    """Each of twenty is made of two, which are made of the one before: a million ways."""
    for number in range(20):
        for half in "ab":
            place = Location.parse(str(tmp_path / f"t{number}{half}"))
            made(place, {"id": [number]})
            if number:
                above = [f"../t{number - 1}a", f"../t{number - 1}b"]
                set_commit_info(
                    place, **{"package.derived": derived(*above, step="<script>x</script>")}
                )
    nodes = lineage(Location.parse(str(tmp_path / "t19a")))
    assert len(lineage_text(nodes).splitlines()) < 400
    assert "<script" not in lineage_svg(nodes)


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
