"""Tables as models get them: dates as times, decimals as numbers, requested dtypes."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet
from data_fixtures import refusal

from packager.data.frames import infer_columns, read
from packager.data.model_input import to_model_input
from packager.data.row_files import read_rows
from packager.manifest.manifest import Schema
from packager.manifest.read_options import TableReadOptions


def test_dtypes_are_what_train_gets(read_table):
    dtypes = {"a": "float32", "b": "category", "c": "int8"}
    frame = read_table("a,b,c\n0.1,x,1\n2,y,2\n", dtypes=dtypes)
    assert [str(dtype) for dtype in frame.dtypes] == ["float32", "category", "int8"]
    assert (
        "that int8 holds, got 1 nulls"
        in refusal(read_table, "c,d\n1,1\n,2\n", dtypes=dtypes).message
    )


def test_types_of_parquet_become_columns_that_a_request_holds(tmp_path):
    table = pa.table(
        {
            "day": pa.array([1, None], pa.date32()),
            "price": pa.array(["1.10", "2.5"]).cast(pa.decimal128(8, 2)),
            "at": pa.array([3_600_000_000, 0], pa.time64("us")),
            "took": pa.array([1500, None], pa.duration("ms")),
            "color": pa.array(["red", None]).dictionary_encode(),
            "large": pa.array(["x", "y"], pa.large_string()),
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    frame = to_model_input(read(tmp_path / "t.parquet"), TableReadOptions())
    columns = {column.name: column for column in infer_columns(frame)}
    assert {name: (c.kind, c.dtype) for name, c in columns.items() if name != "large"} == {
        "day": ("datetime", "datetime64[s]"),
        "price": ("number", "float64"),
        "at": ("number", "float64"),
        "took": ("number", "float64"),
        "color": ("string", "category"),
    }
    assert columns["large"].kind == "string"
    asked = read_rows(tmp_path / "t.parquet", Schema(features=tuple(columns.values())))
    assert asked[0] == {
        **{"day": "1970-01-02", "price": 1.1, "at": 3600.0, "took": 1.5},
        **{"color": "red", "large": "x"},
    }
