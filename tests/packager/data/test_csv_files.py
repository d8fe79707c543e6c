"""Real-world CSV: files that are read, and ambiguous ones that are refused."""

import pandas as pd
import pytest

from packager.data.csv_files import csv_names, read_csv
from packager.data.rows.csv_cells import parse_cells
from packager.errors import UsageError
from packager.manifest.read_options import DEFAULT_OPTIONS


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def read(*files):
    return read_csv(files, DEFAULT_OPTIONS)


def test_unusual_names_stay_as_they_are(write):
    file = write("a.csv", b'\xef\xbb\xbf"house size",year-built,gr\xc3\xb6\xc3\x9fe\n1,2,3\n')
    assert csv_names(file, DEFAULT_OPTIONS) == ["house size", "year-built", "größe"]
    assert list(read(file)) == ["house size", "year-built", "größe"]


def test_blank_lines_are_passed_over(write):
    assert read(write("a.csv", "\n\na,b\n\n1,2\n\n3,4")).values.tolist() == [[1, 2], [3, 4]]


def test_floats_are_read_to_the_last_bit(write):
    values = [0.1, 1 / 3, 2.2250738585072014e-308, 9.007199254740993e15, 123456.789e-30]
    text = "x\n" + "\n".join(map(repr, values))
    assert read(write("a.csv", text)).x.tolist() == values


def test_types_are_of_the_whole_column(write):
    text = "x\n" + "1\n" * 300_000 + "a\n"
    assert set(map(type, read(write("a.csv", text)).x)) == {str}


def test_several_files_are_one_table(write):
    files = [
        write("1.csv", '"a\nz",b\n1,007'),
        write("2.csv", b'\xef\xbb\xbf"a\nz",b\r\n2,x\r\n'),
        write("3.csv", '\n"a\nz",b\r3,\r'),
    ]
    frame = read(*files)
    assert frame["a\nz"].tolist() == [1, 2, 3]
    assert frame["b"].tolist()[:2] == ["007", "x"]
    assert frame["b"].isna().tolist() == [False, False, True]


def test_unnamed_row_numbers_are_left_out(write):
    first = write("1.csv", "a,b\n0,5,x\n1,6,y\n")
    again = write("2.csv", "a,b\n0,7,z\n")
    frame = read(first, again)
    assert frame.to_dict("list") == {"a": [5, 6, 7], "b": ["x", "y", "z"]}
    assert frame.index.equals(pd.RangeIndex(3))


@pytest.mark.parametrize(
    "text",
    ["a,b\n0,5,\n1,6,\n", "a,b\n1,2,\n3,4,\n", "a,b\nx,1,2\ny,3,4\n", "a,b\n5,1,2\n9,3,4\n"],
    ids=["comma after count", "comma", "names", "gaps"],
)
def test_cells_without_a_column_are_refused(write, text):
    with pytest.raises(UsageError, match="expected 2 cells a row, as in the header, got 3") as info:
        read(write("a.csv", text))
    assert "name every column" in info.value.hint


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected a header with column names, got an empty file"),
        (b"\n \n", "expected a header with column names, got an empty file"),
        (b"a,b,a\n1,2,3\n", "expected every column name once, got 'a' 2x"),
        (b"a\ncaf\xe9\n", "expected UTF-8, got byte 0xe9 at offset 5"),
        (b"a,b\n1,2\n1,2,3\n", "Expected 2 fields in line 3, saw 3"),
        (b'a,b\n1,"x\n', "EOF inside string"),
    ],
)
def test_unreadable_files_are_refused(write, data, message):
    file = write("a.csv", data)

    def names_and_rows():
        csv_names(file, DEFAULT_OPTIONS)
        read(file)

    with pytest.raises(UsageError, match=message):
        names_and_rows()


def test_every_error_names_the_file(write):
    with pytest.raises(UsageError, match=r"odd\.csv: expected"):
        read(write("odd.csv", b"\xff"))


def test_cells_are_parsed_by_kind():
    assert parse_cells(["1.5", "3", None, "x", "1_0", "inf"], "number") == [
        *(1.5, 3.0, None, "x", "1_0", "inf")
    ]
    assert parse_cells(["007", "-3", "3.0", float("nan"), "9007199254740993"], "integer") == [
        *(7, -3, 3.0, None, 9007199254740993)
    ]
    assert parse_cells(["True", "false", "1", "x", None], "boolean") == [
        True,
        False,
        True,
        "x",
        None,
    ]
    assert parse_cells(["007", None], "string") == ["007", None]
