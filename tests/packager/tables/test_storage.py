"""Files of a table: Parquet with bytes that depend only on the rows; JSON written atomically."""

from __future__ import annotations

import itertools
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError
from packager.location import Location
from packager.tables.storage import (
    MAX_JSON_BYTES,
    RowFile,
    filesystem,
    read_json,
    write_json,
    write_rows,
)

SCHEMA = pa.schema([("a", pa.int64())])


def tables(numbers: list[int], cuts: list[int]) -> list[pa.Table]:
    """Rows in blocks that end at ``cuts``."""
    ends = [0, *sorted(cut % (len(numbers) + 1) for cut in cuts), len(numbers)]
    return [
        pa.table({"a": pa.array(numbers[one:other], pa.int64())})
        for one, other in itertools.pairwise(ends)
    ]


@pytest.mark.slow
@given(st.integers(0, 5000), st.lists(st.integers(0, 5000), max_size=4))
def test_blocks_do_not_change_the_bytes(tmp_path_factory, rows, cuts):
    folder = tmp_path_factory.mktemp("rows")
    place = filesystem(Location(str(folder)))
    numbers = list(range(rows))
    size, count = write_rows(place, "one", tables(numbers, cuts), SCHEMA)
    write_rows(place, "other", tables(numbers, []), SCHEMA)
    assert (folder / "one").read_bytes() == (folder / "other").read_bytes()
    assert (size, count) == ((folder / "one").stat().st_size, rows)
    assert pq.read_table(folder / "one")["a"].to_pylist() == numbers


def test_a_file_that_is_not_finished_is_removed(tmp_path):
    place = filesystem(Location(str(tmp_path)))
    with pytest.raises(ZeroDivisionError), RowFile(place, "half", SCHEMA) as file:
        file.add(pa.table({"a": [1 // (file.rows * 0)]}))
    assert list(tmp_path.iterdir()) == []


def test_rows_of_other_types_leave_nothing(tmp_path):
    place = filesystem(Location(str(tmp_path)))
    with pytest.raises((pa.ArrowException, ValueError)):
        write_rows(place, "odd", [pa.table({"b": ["x"]})], SCHEMA)
    assert list(tmp_path.iterdir()) == []


def test_small_json_is_written_whole_and_read_by_name(tmp_path):
    place = filesystem(Location(str(tmp_path)))
    assert read_json(place, "notes") == {}
    write_json(place, "notes", "one.json", {"b": 1, "a": [2]})
    (tmp_path / "notes" / ".scratch.json").write_text("{")
    (tmp_path / "notes" / "readme.txt").write_text("no JSON")
    assert read_json(place, "notes") == {"one.json": {"a": [2], "b": 1}}
    assert sorted(path.name for path in (tmp_path / "notes").iterdir()) == [
        *(".scratch.json", "one.json", "readme.txt")
    ]


@pytest.mark.parametrize("text", ["{", "[" * 100_000, json.dumps("x" * MAX_JSON_BYTES)])
def test_json_that_is_none_or_too_large_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "odd.json").write_text(text)
    with pytest.raises(PackageError, match=r"notes/odd\.json: expected JSON of at most"):
        read_json(filesystem(Location(str(tmp_path))), "notes")
