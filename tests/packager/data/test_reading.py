"""Files of many formats with given read options: read correctly, or refused with a hint."""

from __future__ import annotations

import tomllib
from datetime import date

import pandas as pd
import pytest
from data_fixtures import refusal

from packager.data.fingerprint import fingerprint
from packager.data.frames import read
from packager.data.model_input import to_model_input
from packager.manifest.read_options import TableReadOptions


def test_separators_decimals_and_thousands(read_table):
    frame = read_table("a;b\n0,5;x\n1.234,25;y\n", separator=";", decimal=",", thousands=".")
    assert frame.to_dict("list") == {"a": [0.5, 1234.25], "b": ["x", "y"]}
    assert read_table("a\tb\n1\tx\n", "t.tsv").to_dict("list") == {"a": [1], "b": ["x"]}
    assert read_table("a|'b|c'\n1|'x|y'\n", separator="|", quote="'").columns.tolist() == [
        "a",
        "b|c",
    ]


def test_declared_text_keeps_its_zeros_and_the_words_for_null(read_table):
    frame = read_table("zip,c\n00123,NA\n,\n", columns={"zip": {"kind": "string"}})
    assert frame["zip"].tolist()[0] == "00123"
    assert frame.isna().values.tolist() == [[False, True], [True, True]]
    for column in ({"kind": "string"}, {"values": ["NA", "None"]}, {"null": []}):
        cells = read_table("c,n\nNA,1\nNone,NA\n,3\n", columns={"c": column})
        assert cells["c"].tolist()[:2] == ["NA", "None"]
        assert cells["c"].isna().tolist() == [False, False, True]
        assert cells["n"].isna().tolist() == [False, True, False]


def test_words_for_null_of_the_table_and_of_a_column(read_table):
    frame = read_table(
        "a,b\nmissing,NA\nNA,missing\n", null=["missing"], columns={"b": {"null": ["NA"]}}
    )
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["b"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("kind", "cells", "message"),
    [
        ("number", ["1", "x7"], "row 1, column 'a': expected a number, as declared, got 'x7'"),
        (
            "integer",
            ["1", "1.5"],
            "row 1, column 'a': expected a whole number, as declared",
        ),
        ("boolean", ["yes", "1"], "row 0, column 'a': expected true, false, 1 or 0, as declared"),
        ("datetime", ["2024-01-31", "soon"], "row 1, column 'a': expected an ISO 8601 date"),
        ("datetime", ["2024-01-31T10:00", "2024-01-31T10:00Z"], "row 1, column 'a'"),
    ],
)
def test_a_cell_that_is_not_as_declared_is_refused_by_its_row(read_table, kind, cells, message):
    text = "a,b\n" + "".join(f"{cell},1\n" for cell in cells)
    error = refusal(read_table, text, columns={"a": {"kind": kind}})
    assert message in error.message
    line = error.hint.partition("package.toml: ")[2]
    assert tomllib.loads(line) == {"a": {"kind": "string"}}
    assert read_table(text, columns={"a": {"kind": "string"}})["a"].tolist() == cells


def test_a_long_cell_is_never_printed_whole(read_table):
    error = refusal(read_table, f"a\n{'x' * 500}\n", columns={"a": {"kind": "number"}})
    assert "x" * 79 + "…" in error.message
    assert len(error.message) < 400


def test_declared_kinds_are_read_as_declared(read_table):
    columns = {"n": {"kind": "number"}, "b": {"kind": "boolean"}, "i": {"kind": "integer"}}
    frame = read_table("n,b,i\n1,1,1\n2,0,2\n", columns=columns)
    assert [str(dtype) for dtype in frame.dtypes] == ["float64", "bool", "int64"]
    assert read_table("b\n1\n\n", columns=columns)["b"].tolist() == [True]


def test_dates_of_csv_and_parquet_are_the_same_table(tmp_path):
    days = [date(2024, 1, 31), None, date(2024, 2, 29)]
    pd.DataFrame({"d": days, "n": [1, 2, 3]}).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("d,n\n2024-01-31,1\n,2\n2024-02-29,3\n")
    left, right = read(tmp_path / "t.csv"), read(tmp_path / "t.parquet")
    assert fingerprint(left) == fingerprint(right)
    assert [str(d) for d in to_model_input(right, TableReadOptions()).dtypes] == [
        "datetime64[s]",
        "int64",
    ]
