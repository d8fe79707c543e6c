"""Partitions of Parquet as columns, in every reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from packager.data.fingerprint import fingerprint
from packager.data.frames import infer_columns, read
from packager.data.preview import read_first_rows
from packager.data.sources.partitions import NULL
from packager.data.sources.table import SourceTable, column_names
from packager.errors import UsageError
from packager.manifest.read_options import ColumnReading, TableReadOptions
from packager.tables.stream import blocks, fingerprint_path


def write(folder: Path, files: dict[str, dict[str, list[object]]]) -> Path:
    for name, columns in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table(columns), folder / name, row_group_size=2)
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(
        tmp_path / "set",
        {
            "year=2024/c=red/a.parquet": {"x": [1.0, 2.0, 3.0]},
            "year=2024/c=blue/a.parquet": {"x": [4.0]},
            "year=2025/c=red/a.parquet": {"x": [5.0, 6.0]},
        },
    )


def test_partitions_are_the_last_columns_in_the_order_of_the_files(table: Path) -> None:
    frame = read(table)
    assert column_names(table) == ["x", "year", "c"] == list(frame.columns)
    assert frame.x.tolist() == [4.0, 1.0, 2.0, 3.0, 5.0, 6.0]
    assert frame.year.tolist() == [2024] * 4 + [2025] * 2
    assert frame.c.tolist() == ["blue", "red", "red", "red", "red", "red"]
    assert [(one.name, one.kind, one.dtype) for one in infer_columns(frame)][1:] == [
        ("year", "integer", "int64"), ("c", "string", "str"),
    ]  # fmt: skip


def test_the_rows_are_those_that_pyarrow_reads(table: Path) -> None:
    theirs = parquet.read_table(table, partitioning="hive").to_pandas().astype({"c": "str"})
    ours = read(table).astype({"year": "int32"})
    order = ["x", "year", "c"]
    pd.testing.assert_frame_equal(
        ours.sort_values("x", ignore_index=True)[order],
        theirs.sort_values("x", ignore_index=True)[order].astype({"year": "int32"}),
        check_dtype=False,
    )


def test_what_pandas_writes_is_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5], "c": ["a b/é", None, "50%"]})
    frame.to_parquet(tmp_path / "set", partition_cols=["c"])
    ours = read(tmp_path / "set").sort_values("x", ignore_index=True)
    pd.testing.assert_frame_equal(ours, frame.astype({"c": "str"}), check_dtype=False)


def test_blocks_previews_and_fingerprints_have_them(table: Path) -> None:
    frame = read(table)
    streamed = pd.concat(blocks(table), ignore_index=True)
    pd.testing.assert_frame_equal(streamed, frame)
    assert fingerprint_path(table).rows == fingerprint(frame).rows
    assert fingerprint_path(table).columns == fingerprint(frame).columns
    assert [entry.path for entry in fingerprint_path(table).files] == [
        "year=2024/c=blue/a.parquet", "year=2024/c=red/a.parquet", "year=2025/c=red/a.parquet",
    ]  # fmt: skip
    assert read_first_rows(table).c.tolist() == ["blue"]


def test_the_fingerprint_is_that_of_the_table_in_one_file(table: Path, tmp_path: Path) -> None:
    read(table).to_parquet(tmp_path / "plain.parquet")
    assert fingerprint_path(table).rows == fingerprint_path(tmp_path / "plain.parquet").rows


def test_null_makes_integers_floats_and_text_nan(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            f"n={NULL}/c=a/x.parquet": {"x": [1]},
            f"n=7/c={NULL}/x.parquet": {"x": [2]},
            "n=08/c=a/x.parquet": {"x": []},
        },
    )
    source = SourceTable(folder)
    frame = source.read()
    assert source.external.partitions.floats == ["n"]
    assert frame.n.dtype == np.float64
    assert frame.n.tolist()[0] == 7
    assert frame.n.isna().tolist() == [False, True]
    assert frame.c.isna().tolist() == [True, False]


def test_a_declared_kind_keeps_the_text_and_converts_it(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "code=007/day=2024-01-02/x.parquet": {"x": [1]},
            "code=008/day=2024-01-03/x.parquet": {"x": [2]},
        },
    )
    assert read(folder).code.tolist() == [7, 8]
    declared = TableReadOptions(
        dtypes={"code": "string"}, columns={"day": ColumnReading(kind="date")}
    )
    frame = read(folder, declared)
    assert frame.code.tolist() == ["007", "008"]
    assert [str(day) for day in frame.day] == ["2024-01-02", "2024-01-03"]


def test_a_partition_that_is_also_in_the_file_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, {"c=red/a.parquet": {"x": [1], "c": ["red"]}})
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert caught.value.message == (
        f"{tmp_path}/c=red/a.parquet: expected every column name once, got 'c' in the file and as "
        "a partition"
    )


@pytest.mark.parametrize("name", ["c=red/rows.csv", "c=red/array.npy"])
def test_partitions_of_other_formats_are_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "c=red").mkdir()
    if name.endswith(".npy"):
        np.save(tmp_path / name, np.zeros(1))
        write(tmp_path, {"c=red/a.parquet": {"x": [1]}})
    else:
        (tmp_path / name).write_text("x\n1\n")
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert caught.value.message == (
        f"{tmp_path / name}: expected plain folders, got the partition 'c=red'"
    )


def test_arrow_gets_the_cells_of_a_file_and_of_the_whole_table(table: Path) -> None:
    partitions = SourceTable(table).external.partitions
    assert partitions.constant(2, "year", 2).to_pylist() == [2025, 2025]
    assert partitions.constant(0, "c", 1).to_pylist() == ["blue"]
    whole = partitions.added(pa.table({"x": range(6)}))
    assert whole.schema.field("year").type == pa.int64()
    assert whole["c"].to_pylist() == ["blue", "red", "red", "red", "red", "red"]
