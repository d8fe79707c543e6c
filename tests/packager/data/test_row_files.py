"""Files of rows to predict are converted to JSON rows."""

import base64
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.data.frames import infer_columns
from packager.data.row_files import given_columns, read_rows, row_blocks
from packager.errors import UsageError
from packager.manifest.manifest import Column, Schema
from packager.manifest.read_options import ColumnReading, FileRows, TableReadOptions


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
        ("in.txt", "a", "expected a .csv, .parquet, .npy or .npz file, got '.txt'"),
    ],
)
def test_other_inputs_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        read_rows(tmp_path / name, Schema(features=()))


def test_rows_to_predict_are_read_as_the_data_was(tmp_path):
    reader = TableReadOptions.model_validate(
        {"separator": ";", "decimal": ",", "columns": {"c": {"kind": "string"}}}
    )
    frame = pd.DataFrame({"a": [0.5], "c": ["NA"], "b": [True]})
    schema = Schema(features=infer_columns(frame))
    (tmp_path / "own.csv").write_text("a;c;b\n1,5;NA;True\n")
    (tmp_path / "usual.csv").write_text("a,c,b\n1.5,NA,1\n")
    wanted = [{"a": 1.5, "c": "NA", "b": True}]
    assert read_rows(tmp_path / "own.csv", schema, reader) == wanted
    assert read_rows(tmp_path / "usual.csv", schema, reader) == wanted


def schema_of(**kinds: Any) -> Schema:
    columns = [Column(name=n, dtype="object", nullable=False, **of) for n, of in kinds.items()]
    return Schema(features=tuple(columns))


def test_arrays_bytes_lists_and_decimals_become_json(tmp_path: Path) -> None:
    schema = schema_of(
        x={"kind": "array", "shape": (2,), "element": "uint8"},
        l={"kind": "list", "element": "integer"},
        b={"kind": "bytes"},
        p={"kind": "decimal"},
        d={"kind": "date"},
    )
    wanted = {"x": [1, 2], "l": [3, None], "b": "AP8=", "p": "1.10", "d": "2024-01-31"}
    (tmp_path / "a.csv").write_text('x,l,b,p,d\n"[1, 2]","[3, null]",AP8=,1.10,2024-01-31\n')
    assert read_rows(tmp_path / "a.csv", schema) == [wanted]
    reader = TableReadOptions(columns={
        "x": ColumnReading(kind="array", shape=(2,), element="uint8"),
        "l": ColumnReading(kind="list", element="integer"),
        "b": ColumnReading(kind="bytes"), "p": ColumnReading(kind="decimal"),
        "d": ColumnReading(kind="date"),
    })  # fmt: skip
    typed = pd.DataFrame({
        "x": [[1, 2]], "l": [[3, None]], "b": [b"\x00\xff"], "p": [Decimal("1.10")],
        "d": [dt.date(2024, 1, 31)],
    })  # fmt: skip
    typed["l"] = typed["l"].astype(object)
    typed.to_parquet(tmp_path / "a.parquet")
    assert read_rows(tmp_path / "a.parquet", schema, reader) == [wanted]


def test_files_and_folders_are_rows_of_bytes(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for name in ("1.png", "2.png"):
        (tmp_path / "new" / name).write_bytes(name.encode())
    rows = [{"image": base64.b64encode(name).decode()} for name in (b"1.png", b"2.png")]
    files = TableReadOptions(files=FileRows(content="image", folder="label"))
    for reader in (files, TableReadOptions()):
        schema = schema_of(image={"kind": "bytes"})
        assert read_rows(tmp_path / "new", schema, reader) == rows
        assert read_rows(tmp_path / "new/2.png", schema, reader) == rows[1:]
        assert given_columns(tmp_path / "new", schema, reader) == ["image"]


def test_a_single_array_is_the_only_feature_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "batch.npy", np.array([[1, 2], [3, 4]], "u1"))
    schema = schema_of(x={"kind": "array", "shape": (2,), "element": "uint8"})
    assert read_rows(tmp_path / "batch.npy", schema) == [{"x": [1, 2]}, {"x": [3, 4]}]
    assert given_columns(tmp_path / "batch.npy", schema, TableReadOptions()) == ["x"]


def test_a_table_names_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.png").write_bytes(b"A")
    (tmp_path / "rows.csv").write_text("image,n\na.png,1\n")
    schema = schema_of(image={"kind": "bytes"}, n={"kind": "integer"})
    reader = TableReadOptions(columns={"image": ColumnReading(kind="bytes", files="images")})
    assert read_rows(tmp_path / "rows.csv", schema, reader) == [{"image": "QQ==", "n": 1}]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_blocks_hold_the_same_rows_whatever_their_size(tmp_path: Path, monkeypatch, suffix: str):
    schema = Schema(
        features=(
            Column(name="a", kind="integer", dtype="int64", nullable=True),
            Column(name="b", kind="string", dtype="str", nullable=True),
            Column(name="c", kind="number", dtype="float64", nullable=True),
        )
    )
    path = tmp_path / f"in.{suffix}"
    numbers = [2**53 - 1, None, *range(9)]
    frame = pd.DataFrame(
        {
            "a": pd.array(numbers, "Int64"),
            "b": ["007", None, *"abcdefghi"],
            "c": [0.5, None, *range(9)],
        }
    )
    if suffix == "csv":
        frame.to_csv(path, index=False)
    elif suffix == "parquet":
        frame.to_parquet(path)
    else:
        path.write_text(frame.to_json(orient="records", lines=True))
    whole = read_rows(path, schema)
    assert [row["a"] for row in whole] == numbers
    assert [row["b"] for row in whole[:2]] == ["007", None]
    for place in ("row_files", "json_rows"):
        monkeypatch.setattr(f"packager.data.{place}.BLOCK_ROWS", 2)
    blocks = [block for block in row_blocks(path, schema) if block]
    assert max(map(len, blocks)) == 2
    assert [row for block in blocks for row in block] == whole


def test_partitions_have_the_kind_of_the_packages_column(tmp_path: Path) -> None:
    """A folder of new rows may have values that look like integers, where the package has text."""
    for name in ("code=007/n=1", "code=12/n=2"):
        (tmp_path / name).mkdir(parents=True)
        pd.DataFrame({"x": [0.5]}).to_parquet(tmp_path / name / "part.parquet")
    schema = Schema(
        features=(
            Column(name="code", kind="string", dtype="str", nullable=False),
            Column(name="n", kind="integer", dtype="int64", nullable=False),
            Column(name="x", kind="number", dtype="float64", nullable=False),
        ),
        classes=None,
    )
    assert read_rows(tmp_path, schema) == [
        {"x": 0.5, "code": "007", "n": 1}, {"x": 0.5, "code": "12", "n": 2},
    ]  # fmt: skip
    assert given_columns(tmp_path, schema, TableReadOptions()) == ["x", "code", "n"]
    numbers = schema.model_copy(
        update={"features": (Column(name="code", kind="number", dtype="float64", nullable=False),)}
    )
    assert read_rows(tmp_path, numbers) == [{"code": 7}, {"code": 12}]
