"""Files → frames → columns and rows."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from packager.data.frames import column_names, infer_columns, read, source_files
from packager.data.row_files import read_rows
from packager.errors import UsageError
from packager.manifest.manifest import Column, Schema


def column(frame, name):
    return infer_columns(frame[[name]])[0]


def test_folder_is_read_in_the_order_of_its_paths(tmp_path):
    for name in ("b/1.csv", "a.csv", "b/0.csv", "_SUCCESS", ".hidden.csv", "_old/x.csv"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"x\n{name}\n")
    kind, files = source_files(tmp_path)
    assert kind == "csv"
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        *("a.csv", "b/0.csv", "b/1.csv")
    ]
    assert read(tmp_path).x.tolist() == ["a.csv", "b/0.csv", "b/1.csv"]
    assert column_names(tmp_path) == ["x"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "expected .csv or .parquet files, got an empty folder"),
        (["a.csv", "b.parquet"], "expected files of one format, got a.csv and b.parquet"),
        (["a.csv", "readme.md"], "expected a .csv or .parquet file, got '.md'"),
        (["year=2024/a.csv"], "expected plain folders, got the partition 'year=2024'"),
    ],
)
def test_folders_that_are_not_one_table_are_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n1\n")
    with pytest.raises(UsageError, match=message):
        source_files(tmp_path)


def test_absent_source_is_refused(tmp_path):
    with pytest.raises(UsageError, match="expected a file or a folder, got nothing there"):
        read(tmp_path / "x.csv")


def test_files_with_other_columns_are_refused(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,a\n1,2\n")
    with pytest.raises(UsageError, match=r"2.csv: expected the columns of 1.csv .*got b, a"):
        read(tmp_path)


def test_parquet_has_plain_dtypes_and_a_fresh_index(tmp_path, messy):
    path = tmp_path / "t.parquet"
    frame = messy.assign(n=pd.array([1, 2, 3, 4], "Int64"), c=messy["sold"].astype("category"))
    frame.index = [9, 8, 7, 6]
    frame.to_parquet(path)
    found = read(path)
    assert column_names(path) == list(frame) == list(found)
    assert found.index.equals(pd.RangeIndex(4))
    assert found["n"].dtype == "int64"
    assert found["year-built"].dtype == "float64"
    assert found["has garden"].dtype == object
    assert found["has garden"].tolist()[0::2] == [True, False]
    assert isinstance(found["has garden"][1], float)  # NaN, as from CSV, not None
    assert found["when"].dtype.kind == "M"


def test_named_index_of_parquet_is_a_column(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1]}, index=pd.Index([5], name="id")).to_parquet(path)
    assert column_names(path) == list(read(path)) == ["a", "id"]


def test_parquet_files_of_one_folder_share_types(tmp_path):
    pd.DataFrame({"a": np.array([1], "int32"), "s": [None]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": np.array([2**40]), "s": ["x"]}).to_parquet(tmp_path / "2.parquet")
    assert read(tmp_path).a.tolist() == [1, 2**40]
    pd.DataFrame({"a": ["x"], "s": ["x"]}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(UsageError, match="expected columns of the same type in every file"):
        read(tmp_path)


def test_damaged_parquet_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UsageError, match=r"a.parquet: expected a Parquet file, got"):
        read(tmp_path / "a.parquet")


def test_kinds_of_columns(tmp_path, messy):
    messy.drop(columns="when").to_csv(tmp_path / "t.csv", index=False)
    found = {c.name: c for c in infer_columns(read(tmp_path / "t.csv"))}
    assert {name: c.kind for name, c in found.items()} == {
        "house size": "number",
        "year-built": "number",
        "größe": "integer",
        "has garden": "boolean",
        "sold": "boolean",
        "zip": "string",
        "town": "string",
    }
    assert found["has garden"] == Column(
        name="has garden", kind="boolean", dtype="object", nullable=True, categories=(False, True)
    )
    assert found["größe"] == Column(
        name="größe", kind="integer", dtype="int64", nullable=False, minimum=1, maximum=4
    )
    assert found["zip"].categories == ("x007", "x0815", "x1234")
    assert (found["house size"].minimum, found["house size"].maximum) == (33.25, 120.0)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_ranges_of_times_are_nanoseconds_in_utc(unit, zone):
    times = pd.Series(np.array([1000, 2000], "int64").view("M8[s]").astype(f"M8[{unit}]"))
    if zone:
        times = times.dt.tz_localize("UTC").dt.tz_convert(zone)
    found = column(times.to_frame("t"), "t")
    assert (found.kind, found.minimum, found.maximum) == ("datetime", 1000e9, 2000e9)
    assert found.dtype == f"datetime64[{unit}{', ' + zone if zone else ''}]"


def test_text_of_many_values_has_no_categories():
    frame = pd.DataFrame({"s": [str(i) for i in range(10_001)]})
    assert column(frame, "s").categories is None
    twice = pd.concat([frame.iloc[1:]] * 2)
    assert len(column(twice, "s").categories) == 10_000


def test_text_that_hardly_repeats_has_no_categories_unless_it_has_few():
    texts = [f"note {i}" for i in range(60)]
    assert column(pd.DataFrame({"s": [*texts, *texts[1:]]}), "s").categories is None
    assert len(column(pd.DataFrame({"s": texts * 2}), "s").categories) == 60
    assert len(column(pd.DataFrame({"s": texts[:50]}), "s").categories) == 50


def test_categories_keep_their_order():
    sizes = pd.Categorical(["L", "S"], ["S", "M", "L"], ordered=True)
    found = column(pd.DataFrame({"size": sizes}), "size")
    assert (found.kind, found.dtype) == ("string", "ordered category")
    assert found.categories == ("S", "M", "L")


def test_infinity_does_not_widen_the_range():
    found = column(pd.DataFrame({"x": [1.0, np.inf, 2.0]}), "x")
    assert (found.minimum, found.maximum) == (1.0, 2.0)
    found.dump()


@pytest.mark.parametrize(
    "values", [[1, "a"], [dt.date(2024, 1, 1)], [None, None], [[1, 2]], [True, "x"]]
)
def test_anything_else_is_any(values):
    assert column(pd.DataFrame({"x": pd.Series(values, dtype=object)}), "x").kind == "any"


def test_rows_of_csv_are_read_by_the_kinds_of_the_schema(tmp_path):
    train = pd.DataFrame({"zip": ["a"], "n": [1], "x": [0.5], "b": [True], "t": ["u"]})
    schema = Schema(features=infer_columns(train[["zip", "n", "x", "b"]]))
    path = tmp_path / "in.csv"
    path.write_text("t,b,zip,n,x,other\nq,True,007,5,1,z\nq,,NA,,2.5,z\nq,no,1.0,x,y,z\n")
    assert read_rows(path, schema) == [
        {"b": True, "zip": "007", "n": 5, "x": 1.0},
        {"b": None, "zip": None, "n": None, "x": 2.5},
        {"b": "no", "zip": "1.0", "n": "x", "x": "y"},
    ]


def test_columns_of_unknown_kind_are_read_as_pandas_would(tmp_path):
    names = ("a", "b")
    schema = Schema(
        features=tuple(Column(name=n, kind="any", dtype="any", nullable=True) for n in names)
    )
    (tmp_path / "in.csv").write_text("a,b\n1,x\n2,\n")
    assert read_rows(tmp_path / "in.csv", schema) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def test_rows_of_parquet_are_plain_json(tmp_path, messy):
    frame = messy.assign(small=np.array([1, 2, 3, 4], "int8"), target=1)
    frame.to_parquet(tmp_path / "in.parquet")
    schema = Schema(features=infer_columns(frame.drop(columns="target")))
    rows = read_rows(tmp_path / "in.parquet", schema)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert rows[1] == {
        "house size": None,
        "year-built": 1985.0,
        "größe": 2,
        "has garden": None,
        "sold": False,
        "zip": "x0815",
        "town": "São Paulo",
        "when": "2024-02-29T12:30:00",
        "small": 2,
    }
    assert rows[2]["when"] is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("in.json", '[{"a": 1}, {"a": null}]'),
        ("in.json", '\ufeff{"rows": [{"a": 1}, {"a": null}]}'),
        ("in.jsonl", '{"a": 1}\n\n{"a": null}\n'),
    ],
)
def test_rows_of_json_are_as_written(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_rows(tmp_path / name, Schema(features=())) == [{"a": 1}, {"a": None}]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("in.json", "[", "expected JSON, got Expecting value"),
        ("in.json", "[1]", "expected a list of objects"),
        ("in.json", '{"row": []}', "expected a list of objects"),
        ("in.json", '[{"a": NaN}]', "expected JSON, got the number NaN"),
        ("in.txt", "a", "expected a .csv or .parquet file, got '.txt'"),
    ],
)
def test_other_inputs_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        read_rows(tmp_path / name, Schema(features=()))
