"""CSV in any encoding, compression and separator, read as one stream of UTF-8."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tomllib
import zipfile

import pyarrow as pa
import pyarrow.parquet
import pytest
from data_fixtures import refusal


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a;b\n0,5;x\n", {"separator": ";", "decimal": ","}),
        ("a;b\n0.5;x\n", {"separator": ";"}),
        ("a\tb\n1\tx\n", {"separator": "\t"}),
        ("a|b\n1|x\n", {"separator": "|"}),
    ],
)
def test_another_separator_is_named_and_the_hint_reads_the_file(read_table, text, options):
    error = refusal(read_table, text)
    assert f"its separator seems to be {options['separator']!r}" in error.message
    assert ("decimal commas" in error.message) == ("decimal" in options)
    line = error.hint.partition("package.toml: ")[2]
    assert tomllib.loads(line) == {"read": options}
    assert list(read_table(text, **options)) == ["a", "b"]


def test_a_separator_that_is_named_is_not_doubted(read_table):
    assert list(read_table("a;b\nc;d\n", separator=",")) == ["a;b"]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("t.csv.gz", gzip.compress),
        ("t.csv.bz2", bz2.compress),
        ("t.csv.xz", lzma.compress),
        ("t.csv.zst", lambda data: pa.compress(data, codec="zstd", asbytes=True)),
    ],
)
def test_packed_files_are_read_and_broken_ones_refused(read_table, name, pack):
    assert read_table(pack(b"a,b\n1,x\n"), name).to_dict("list") == {"a": [1], "b": ["x"]}
    assert "expected" in refusal(read_table, b"a,b\n1,x\n", name).message


def test_an_archive_holds_one_file(read_table):
    def archive(*names: str) -> bytes:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as packed:
            for name in names:
                packed.writestr(name, "a\n1\n")
        return data.getvalue()

    assert read_table(archive("x.csv"), "t.csv.zip")["a"].tolist() == [1]
    assert (
        "an archive of one file, got 2"
        in refusal(read_table, archive("x", "y"), "t.csv.zip").message
    )


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_encodings(read_table, encoding):
    text = "größe,b\n1,é\n".encode(encoding)
    assert list(read_table(text, encoding=encoding)) == ["größe", "b"]
    if encoding != "utf-8":
        assert f'encoding = "{encoding}"' in refusal(read_table, text).hint
