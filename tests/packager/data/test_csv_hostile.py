"""Untrusted CSV: compression bombs and endless lines are reported, not loaded."""

import bz2
import gzip
import lzma
import subprocess
import sys
import zipfile

import pytest

from packager.data.frames import read
from packager.data.row_files import read_rows
from packager.data.rows.csv_cells import parse_cells
from packager.errors import UsageError
from packager.manifest.manifest import Schema
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.tables.stream import fingerprint_path

NO_COLUMNS = Schema.model_construct(features=(), extras=())


def packed(path, content):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.csv", content)
        return path
    openers = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".csv": open}
    with openers[path.suffix](path, "wb") as file:
        file.write(content)
    return path


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip", ".csv"])
@pytest.mark.parametrize("start", [b"", b'a,b\n1,"'])
def test_a_line_without_end_is_reported(tmp_path, monkeypatch, suffix, start):
    monkeypatch.setattr("packager.data.csv_text.MAX_LINE_BYTES", 1 << 21)
    path = packed(tmp_path / f"x{suffix}", start + b"0" * (1 << 23))
    for reader in (read, fingerprint_path, lambda one: read_rows(one, NO_COLUMNS)):
        with pytest.raises(UsageError, match="expected "):
            reader(path)


@pytest.mark.slow
def test_a_packed_table_larger_than_memory_is_refused_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("packager.data.csv_text._LOOK", 1 << 22)
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 1 << 20)
    monkeypatch.setattr("packager.data.memory_limit._data_bytes", lambda: None)  # no limit of Linux
    path = packed(tmp_path / "x.csv.gz", b"a,b\n" + b"1,2\n" * 3_000_000)
    assert path.stat().st_size < 100_000
    for reader in (read, lambda one: read_rows(one, NO_COLUMNS)):
        with pytest.raises(
            UsageError, match=r"expected (text|rows) to fit in the available memory"
        ):
            reader(path)
    assert fingerprint_path(path).row_count == 3_000_000


LITTLE_MEMORY = """
import sys
from pathlib import Path
from packager.data import frames, memory_limit, row_files
from packager.errors import UsageError
from packager.manifest.manifest import Schema

memory_limit.available_bytes = lambda: 60_000_000
no_columns = Schema.model_construct(features=(), extras=())
table, lines, sparse = map(Path, sys.argv[1:])
for reader, *arguments in (
    (row_files.read_rows, sparse, no_columns),
    (row_files.read_rows, lines, no_columns),
    (frames.read, table),
):
    try:
        reader(*arguments)
    except UsageError as error:
        print(error.message)
"""


@pytest.mark.slow
def test_csv_and_json_beyond_the_memory_there_is_are_refused(tmp_path):
    """Whatever no count has foreseen: the kernel refuses the memory, and the file is named.

    The kernel doesn't count heap that was freed before: hence a fresh process, and files of which
    each needs several times the limit.
    """
    table, lines, sparse = (tmp_path / name for name in ("x.csv", "x.jsonl", "x.json"))
    cells = ",".join(f'"{number}"' for number in range(1_000))
    table.write_text(f"{cells}\n" * 5_000)
    lines.write_text(f'{{"a": "{"x" * 1_000_000}"}}\n' * 120)
    with sparse.open("wb") as file:
        file.truncate(30 << 30)
    command = [sys.executable, "-c", LITTLE_MEMORY, table, lines, sparse]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.splitlines() == [
        f"{file}: expected a file that fits into memory, got a larger one"
        for file in (sparse, lines, table)
    ], ended.stderr


ODD = [
    b"\0" * 1_000,
    b"a\0b,c\n1,2\n",
    "a,b\n1,2\n".encode("utf-16"),
    "a,b\n1,2\n".encode("utf-32"),
    b"\xff\xfe\0\0",
    b"," * 100_000 + b"\n",
    b"a,a\n1,2\n",
    b'"' * 99_999,
    b"a,b\n" + b'"' * 99_999,
    b"\r" * 1_000,
    b"a\n" + b"9" * 50_000 + b"\n",
    b"a\n1e999999999\n-1e-999999999\n",
]


@pytest.mark.parametrize("content", ODD)
@pytest.mark.parametrize("reader", [read, fingerprint_path, lambda p: read_rows(p, NO_COLUMNS)])
def test_unusual_files_are_read_or_reported(tmp_path, content, reader):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    try:
        reader(path)
    except UsageError as error:
        said = error.message
    else:
        said = ""
    assert len(said) < 2_000


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"rows":' * 100_000, "9" * 9_999, "[NaN]"])
def test_json_of_any_depth_is_reported(tmp_path, suffix, text):
    path = tmp_path / f"x{suffix}"
    path.write_text(text)
    with pytest.raises(UsageError, match="expected "):
        read_rows(path, NO_COLUMNS)


def test_an_integer_of_more_digits_than_python_converts_stays_text():
    long = "9" * 5_000
    assert parse_cells([long, "7"], "integer", DEFAULT_OPTIONS) == [long, 7]
