"""Rows become files of one partition each, in their order; a failure leaves no files."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import fs

from packager.errors import UsageError
from packager.tables import write
from packager.tables.write import as_read, remove_files, write_files

SCHEMA = pa.schema({"day": pa.string(), "n": pa.int64()})


def rows(*pairs: tuple[str | None, int]) -> pa.Table:
    return pa.Table.from_pylist([{"day": day, "n": n} for day, n in pairs], SCHEMA)


def written(folder: Path, *tables: pa.Table, partitions=("day",), after: int = 0):
    place = fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())
    return write_files(place, tables, SCHEMA, partitions, after=after, called="visits")


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


DAYS = st.sampled_from(["mon", "tue day/1", "a=b", None])


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.lists(st.tuples(DAYS, st.integers(0, 9)), max_size=5), max_size=4))
def test_each_partition_has_one_file_with_its_rows_in_order(tmp_path_factory, blocks):
    folder = tmp_path_factory.mktemp("t")
    actions = written(folder, *(rows(*block) for block in blocks))
    pairs = [pair for block in blocks for pair in block]
    found = {}
    for action in actions:
        table = pq.read_table(folder / action.path, partitioning=None)
        assert table.column_names == ["n"], "the log alone has a partition's value"
        found[action.partition_values["day"]] = table["n"].to_pylist()
    assert [*found] == [*dict.fromkeys(day for day, _ in pairs)]
    assert found == {day: [n for other, n in pairs if other == day] for day in found}
    assert len(left(folder)) == len(actions)


def test_without_partitions_there_is_one_file_even_of_no_rows(tmp_path: Path):
    (action,) = written(tmp_path, partitions=())
    assert pq.read_table(tmp_path / action.path).schema.names == ["day", "n"]
    assert action.stats == '{"numRecords": 0}'
    assert action.size == (tmp_path / action.path).stat().st_size


def test_files_are_read_in_order_and_after_older_ones_whatever_the_clock_says(tmp_path: Path):
    future = time.time_ns() // 1_000_000 + 10**9
    actions = written(tmp_path, rows(("b", 1), ("a", 2), ("c", 3)), after=future)
    moments = [action.modification_time for action in actions]
    assert moments == sorted(set(moments))
    assert moments[0] > future


def test_a_reader_of_the_log_takes_the_values_that_were_written(tmp_path: Path):
    actions = written(tmp_path, rows(("tue day/1", 1), (None, 2)))
    read = as_read(actions, SCHEMA)
    assert [file.partition["day"].as_py() for file in read] == ["tue day/1", None]
    assert [file.path for file in read] == [action.path for action in actions]
    assert "/" not in Path(read[0].path).parent.as_posix(), "a value makes no folder of its own"


def test_nothing_stays_of_rows_that_end_in_an_error(tmp_path: Path):
    def tables():
        yield rows(("a", 1), ("b", 2))
        raise RuntimeError("the source broke")

    place = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    with pytest.raises(RuntimeError, match="the source broke"):
        write_files(place, tables(), SCHEMA, ["day"], after=0, called="visits")
    assert left(tmp_path) == []


def test_a_value_that_no_partition_can_have_is_refused_and_nothing_stays(tmp_path: Path):
    with pytest.raises(UsageError, match="visits"):
        written(tmp_path, rows(("a", 1)), rows(("", 2)))
    assert left(tmp_path) == []


def test_more_partitions_than_files_may_be_open_are_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(write, "MAX_PARTITIONS", 2)
    assert len(written(tmp_path / ".", rows(("a", 1), ("b", 2), ("a", 3)))) == 2
    before = left(tmp_path)
    with pytest.raises(UsageError, match="visits: expected at most 2 partitions in one commit"):
        written(tmp_path, rows(("a", 1), ("b", 2)), rows(("c", 3)))
    assert left(tmp_path) == before


def test_files_that_are_gone_are_passed_over(tmp_path: Path):
    (tmp_path / "a").write_text("")
    place = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    remove_files(place, ["gone", "a", "a"])
    assert left(tmp_path) == []
