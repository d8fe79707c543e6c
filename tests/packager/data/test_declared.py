"""Cells of columns that are declared as arrays, lists, bytes, dates, times or decimals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from declared_columns import READER
from pyarrow import parquet

from packager.data.fingerprint import fingerprint
from packager.data.frames import infer_columns, read
from packager.data.model_input import to_model_input
from packager.manifest.read_options import TableReadOptions
from packager.tables.stream import fingerprint_path

VALUES: dict[str, list[Any]] = {
    "day": [dt.date(2024, 1, 31), None],
    "clock": [dt.time(10, 30, 0, 500000), None],
    "price": [Decimal("12.30"), None],
    "tags": [["a", None], None],
    "sizes": [[1, None, 9007199254740993], None],
    "blob": [b"\x00\xff", None],
}
CSV = """day,clock,price,tags,sizes,blob,xy
2024-01-31,10:30:00.500,12.30,"[""a"", null]","[1, null, 9007199254740993]",AP8=,"[[1, 2], [3, -4]]"
,,,,,,
"""


def test_text_and_typed_files_have_the_same_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    table = pa.table({**VALUES, "xy": pa.array([[[1, 2], [3, -4]], None])})
    table = table.set_column(2, "price", pa.array(VALUES["price"], pa.decimal128(8, 2)))
    parquet.write_table(table, tmp_path / "a.parquet")
    printed = set()
    for name in ("a.csv", "a.parquet"):
        frame = read(tmp_path / name, READER)
        for column, (value, _) in VALUES.items():
            assert frame[column].iloc[0] == value
            assert type(frame[column].iloc[0]) is type(value)
            assert frame[column].isna().tolist() == [False, True]
        assert frame.xy.iloc[0].tolist() == [[1, 2], [3, -4]]
        assert {c.name: c.kind for c in infer_columns(to_model_input(frame, READER))} == {
            name: reading.kind for name, reading in READER.columns.items()
        }
        assert fingerprint_path(tmp_path / name, READER).rows == fingerprint(frame).rows
        printed.add(fingerprint(frame).rows)
    assert len(printed) == 1


def test_undeclared_dates_and_decimals_stay_times_and_numbers(tmp_path: Path) -> None:
    table = pa.table({name: VALUES[name] for name in ("day", "clock", "price")})
    parquet.write_table(table, tmp_path / "a.parquet")
    served = to_model_input(read(tmp_path / "a.parquet"), TableReadOptions())
    assert [column.kind for column in infer_columns(served)] == ["datetime", "number", "number"]


def test_nulls_within_lists_stay_nulls_and_integers_stay_integers(tmp_path: Path) -> None:
    cells = [[1, None, 2**60], [], None, [3]]
    parquet.write_table(
        pa.table({"x": pa.array(cells, pa.list_(pa.int64()))}), tmp_path / "a.parquet"
    )
    frame = to_model_input(read(tmp_path / "a.parquet"), TableReadOptions())
    assert [
        None if gone else cell for cell, gone in zip(frame.x, frame.x.isna(), strict=True)
    ] == cells
    assert type(frame.x.iloc[0][0]) is int
    (column,) = infer_columns(frame)
    assert (column.kind, column.element) == ("list", "integer")
