"""Files of many kinds as a project says they are written: read right, or refused with the way."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tomllib
import zipfile
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from packager.data.fingerprint import fingerprint
from packager.data.frames import infer_columns, read
from packager.data.model_input import to_model_input
from packager.data.null_words import words_read_as_null
from packager.data.preview import read_first_rows, refuse_commas
from packager.data.row_files import read_rows
from packager.data.rows.text_storage import keep_text_plain
from packager.errors import UsageError
from packager.manifest.manifest import Schema
from packager.manifest.read_options import TableReadOptions
from packager.tables import stream


@pytest.fixture
def table(tmp_path):
    """Write a file, read it, and see that reading it in blocks says the same."""

    def table(text: str | bytes, name: str = "t.csv", **options) -> pd.DataFrame:
        file, reader = tmp_path / name, TableReadOptions.model_validate(options)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        frame = read(file, reader)
        printed = stream.fingerprint_path(file, reader).model_copy(update={"files": ()})
        assert printed == fingerprint(frame)
        return to_model_input(frame, reader)

    return table


def refused(table, *arguments, **options) -> UsageError:
    with pytest.raises(UsageError) as caught:
        table(*arguments, **options)
    return caught.value


def test_separators_decimals_and_thousands(table):
    frame = table("a;b\n0,5;x\n1.234,25;y\n", separator=";", decimal=",", thousands=".")
    assert frame.to_dict("list") == {"a": [0.5, 1234.25], "b": ["x", "y"]}
    assert table("a\tb\n1\tx\n", "t.tsv").to_dict("list") == {"a": [1], "b": ["x"]}
    assert table("a|'b|c'\n1|'x|y'\n", separator="|", quote="'").columns.tolist() == ["a", "b|c"]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a;b\n0,5;x\n", {"separator": ";", "decimal": ","}),
        ("a;b\n0.5;x\n", {"separator": ";"}),
        ("a\tb\n1\tx\n", {"separator": "\t"}),
        ("a|b\n1|x\n", {"separator": "|"}),
    ],
)
def test_another_separator_is_named_and_the_hint_reads_the_file(table, text, options):
    error = refused(table, text)
    assert f"its separator seems to be {options['separator']!r}" in error.message
    assert ("decimal commas" in error.message) == ("decimal" in options)
    line = error.hint.partition("package.toml: ")[2]
    assert tomllib.loads(line) == {"read": options}
    assert list(table(text, **options)) == ["a", "b"]


def test_a_separator_that_is_named_is_not_doubted(table):
    assert list(table("a;b\nc;d\n", separator=",")) == ["a;b"]


@pytest.mark.parametrize(
    ("cells", "marks"),
    [
        (['"0,126"', '"1,5"'], {"decimal": ","}),
        (['"1,234"', "12"], {"thousands": ","}),
        (['"1.234,5"', '"7,25"'], {"decimal": ",", "thousands": "."}),
    ],
)
def test_numbers_with_commas_are_not_taken_for_text(table, tmp_path, cells, marks):
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in cells * 15)
    table(text)
    with pytest.raises(UsageError, match="numbers with a decimal point in 'a'") as caught:
        refuse_commas(read_first_rows(tmp_path / "t.csv"), TableReadOptions(), "t.csv")
    line = caught.value.hint.partition("package.toml: ")[2].partition(", or declare")[0]
    assert tomllib.loads(line) == {"read": marks}
    assert pd.api.types.is_numeric_dtype(table(text, **marks)["a"].dtype)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("t.csv.gz", gzip.compress),
        ("t.csv.bz2", bz2.compress),
        ("t.csv.xz", lzma.compress),
        ("t.csv.zst", lambda data: pa.compress(data, codec="zstd", asbytes=True)),
    ],
)
def test_packed_files_are_read_and_broken_ones_refused(table, name, pack):
    assert table(pack(b"a,b\n1,x\n"), name).to_dict("list") == {"a": [1], "b": ["x"]}
    assert "expected" in refused(table, b"a,b\n1,x\n", name).message


def test_an_archive_holds_one_file(table):
    def archive(*names: str) -> bytes:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as packed:
            for name in names:
                packed.writestr(name, "a\n1\n")
        return data.getvalue()

    assert table(archive("x.csv"), "t.csv.zip")["a"].tolist() == [1]
    assert "an archive of one file, got 2" in refused(table, archive("x", "y"), "t.csv.zip").message


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_encodings(table, encoding):
    text = "größe,b\n1,é\n".encode(encoding)
    assert list(table(text, encoding=encoding)) == ["größe", "b"]
    if encoding != "utf-8":
        assert f'encoding = "{encoding}"' in refused(table, text).hint


def test_declared_text_keeps_its_zeros_and_the_words_for_null(table):
    frame = table("zip,c\n00123,NA\n,\n", columns={"zip": {"kind": "string"}})
    assert frame["zip"].tolist()[0] == "00123"
    assert frame.isna().values.tolist() == [[False, True], [True, True]]
    for column in ({"kind": "string"}, {"values": ["NA", "None"]}, {"null": []}):
        cells = table("c,n\nNA,1\nNone,NA\n,3\n", columns={"c": column})
        assert cells["c"].tolist()[:2] == ["NA", "None"]
        assert cells["c"].isna().tolist() == [False, False, True]
        assert cells["n"].isna().tolist() == [False, True, False]


def test_words_for_null_of_the_table_and_of_a_column(table):
    frame = table(
        "a,b\nmissing,NA\nNA,missing\n", null=["missing"], columns={"b": {"null": ["NA"]}}
    )
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["b"].isna().tolist() == [True, False]


def test_text_that_is_read_as_null_is_counted(table, tmp_path):
    frame = table("c,n\nNA,1\nDE,NA\n,3\nNA,4\n")
    assert words_read_as_null(tmp_path / "t.csv", frame, TableReadOptions()) == {"c": {"NA": 2}}
    declared = TableReadOptions.model_validate({"columns": {"c": {"null": ["NA"]}}})
    assert words_read_as_null(tmp_path / "t.csv", frame, declared) == {}


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
def test_a_cell_that_is_not_as_declared_is_refused_by_its_row(table, kind, cells, message):
    text = "a,b\n" + "".join(f"{cell},1\n" for cell in cells)
    error = refused(table, text, columns={"a": {"kind": kind}})
    assert message in error.message
    line = error.hint.partition("package.toml: ")[2]
    assert tomllib.loads(line) == {"a": {"kind": "string"}}
    assert table(text, columns={"a": {"kind": "string"}})["a"].tolist() == cells


def test_a_long_cell_is_never_printed_whole(table):
    error = refused(table, f"a\n{'x' * 500}\n", columns={"a": {"kind": "number"}})
    assert "x" * 79 + "…" in error.message
    assert len(error.message) < 400


def test_declared_kinds_are_read_as_declared(table):
    columns = {"n": {"kind": "number"}, "b": {"kind": "boolean"}, "i": {"kind": "integer"}}
    frame = table("n,b,i\n1,1,1\n2,0,2\n", columns=columns)
    assert [str(dtype) for dtype in frame.dtypes] == ["float64", "bool", "int64"]
    assert table("b\n1\n\n", columns=columns)["b"].tolist() == [True]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["2024-01-31", "", "2024-02-29"], "datetime64[s]"),
        (["2024-01-31", "2024-02-29 10:00:00.5"], "datetime64[us]"),
        (["2024-01-31T10:00:00.123456789"], "datetime64[ns]"),
        (["2024-01-31T10:00+01:00", "2024-07-31T10:00Z"], "datetime64[us, UTC]"),
        (["9999-12-31", "0001-01-01"], "datetime64[s]"),
    ],
)
def test_text_that_is_times_in_every_row_is_read_as_times(table, cells, dtype):
    text = "a,b\n" + "".join(f"{cell},1\n" for cell in cells)
    frame = table(text)
    assert str(frame["a"].dtype) == dtype
    assert infer_columns(frame)[0].kind == "datetime"
    kept = table(text, columns={"a": {"kind": "string"}})["a"]
    assert kept.fillna("").tolist() == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-31", "2024-02-30"],
        ["2024-01-31T10:00", "2024-01-31T10:00Z"],
        ["2024-01-31", "31.01.2024"],
        ["2024-01-31", "20240131"],
        ["2024-01-31T24:00"],
        ["9999-12-31T00:00:00.000000001"],
    ],
)
def test_text_that_is_not_times_in_every_row_stays_text(table, cells):
    frame = table("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    assert frame["a"].tolist() == cells


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


def test_dtypes_are_what_train_gets(table):
    dtypes = {"a": "float32", "b": "category", "c": "int8"}
    frame = table("a,b,c\n0.1,x,1\n2,y,2\n", dtypes=dtypes)
    assert [str(dtype) for dtype in frame.dtypes] == ["float32", "category", "int8"]
    assert "that int8 holds, got 1 nulls" in refused(table, "c,d\n1,1\n,2\n", dtypes=dtypes).message


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


def test_equal_texts_of_parquet_share_one_string(tmp_path):
    pd.DataFrame({"a": ["some text"] * 9 + [None]}).to_parquet(tmp_path / "t.parquet")
    keep_text_plain()
    cells = read(tmp_path / "t.parquet")["a"].astype(object).tolist()
    assert len({id(cell) for cell in cells[:9]}) == 1
