"""Untrusted Parquet: bombs are refused before they are read, damage is reported, and wrong
metadata is not trusted."""

import contextlib
import json
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from packager.data.frames import read
from packager.data.parquet_files import arrow_table, integers_with_nulls, parquet_schema
from packager.data.row_files import read_rows
from packager.errors import UsageError
from packager.manifest.manifest import Schema
from packager.tables.source import open_source
from packager.tables.stream import blocks, fingerprint_path

NO_COLUMNS = Schema.model_construct(features=(), extras=())
READERS = [
    read,
    fingerprint_path,
    lambda path: [*blocks(path)],
    lambda path: [*open_source(path).tables()],
    lambda path: read_rows(path, NO_COLUMNS),
    lambda path: arrow_table([path]),
]


def repeated(path, value, kind, rows, columns=1):
    """A file of a few kilobytes in which each cell is ``value``."""
    codes = pa.array(np.zeros(rows, np.int32))
    cells = pa.DictionaryArray.from_arrays(codes, pa.array([value], kind))
    table = pa.table({f"c{number}": cells for number in range(columns)})
    pq.write_table(table, path, compression="zstd", row_group_size=rows, store_schema=False)
    return path


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 100_000_000)


@pytest.mark.parametrize("reader", [read, READERS[-1], READERS[-2]])
def test_more_rows_than_memory_holds_are_refused_before_they_are_read(
    tmp_path, little_memory, reader
):
    path = repeated(tmp_path / "x.parquet", 7, pa.int64(), 5_000_000, columns=4)
    assert path.stat().st_size < 100_000
    with pytest.raises(UsageError) as raised:
        reader(path)
    assert "5,000,000 rows x 4 columns: at least" in raised.value.message
    assert "the available memory (0.1 GB)" in raised.value.message


def test_a_long_text_that_is_there_a_million_times_is_held_once(tmp_path, little_memory):
    path = repeated(tmp_path / "x.parquet", "x" * 100_000, pa.string(), 200_000)
    before = pa.total_allocated_bytes()
    assert sum(len(block) for block in blocks(path)) == 200_000
    frame = read(path)
    assert frame.shape == (200_000, 1)
    assert frame["c0"].iloc[0] is frame["c0"].iloc[-1]
    assert pa.total_allocated_bytes() - before < 50_000_000
    fingerprint_path(path)
    for reader in (READERS[3], READERS[5]):
        with pytest.raises(UsageError, match="expected text to fit in the available memory"):
            reader(path)


def hidden(path):
    """A kilobyte that spells out as 300 MB, in columns whose bytes no footer tells."""
    codes = pa.array(np.zeros(1_000, np.int32))
    texts = pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 100_000]))
    columns = {
        "struct": pa.StructArray.from_arrays([texts], ["a"]),
        "list": pa.ListArray.from_arrays(pa.array(range(1_001), pa.int32()), texts),
        "binary": pa.DictionaryArray.from_arrays(codes, pa.array([b"x" * 100_000])),
    }
    for name, column in columns.items():
        file = path / f"{name}.parquet"
        pq.write_table(pa.table({name: column}), file, compression="zstd", store_schema=False)
        assert file.stat().st_size < 1_000
        yield file


def test_nested_and_binary_values_are_measured_before_they_are_converted_to_text(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 60_000_000)
    for file in hidden(tmp_path):
        before = pa.total_allocated_bytes()
        for reader in READERS:
            with pytest.raises(
                UsageError, match=r"fit in the available memory|plain columns|Delta"
            ):
                reader(file)
        assert pa.total_allocated_bytes() - before < 50_000_000


def one_long_row(path, values):
    cells = pa.ListArray.from_arrays(pa.array([0, values]), pa.array(np.zeros(values, "i8")))
    pq.write_table(pa.table({"l": cells}), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 1_000
    del cells
    pa.default_memory_pool().release_unused()
    return path


@pytest.mark.slow
def test_one_row_of_very_many_values_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 10_000_000)
    path = one_long_row(tmp_path / "x.parquet", 3_000_000)
    before = pa.total_allocated_bytes()
    for reader in READERS:
        with pytest.raises(UsageError, match=r"fits? in"):
            reader(path)
    assert pa.total_allocated_bytes() <= before  # earlier garbage may go meanwhile


LIED = """
import sys
from pathlib import Path
import pyarrow.parquet
from packager.data import frames, memory_limit, parquet_open

parquet_open.measured = lambda *_: [0]
memory_limit.available_bytes = lambda: 20_000_000
frames.read(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_file_that_holds_more_than_it_says_ends_at_the_memory_there_is(tmp_path):
    """Where all that is counted lies, the kernel refuses the memory, and the file is named."""
    path = one_long_row(tmp_path / "x.parquet", 8_000_000)
    command = [sys.executable, "-c", LIED, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "x.parquet: expected a Parquet file that fits into memory" in ended.stderr


@pytest.mark.parametrize("size", [(64 << 20) + 1, 20 << 20])
def test_a_footer_that_has_no_room_is_refused_before_it_is_read(tmp_path, little_memory, size):
    path = tmp_path / "x.parquet"
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(0, 2)
        file.write(size.to_bytes(4, "little") + b"PAR1")
    before = pa.total_allocated_bytes()
    for reader in READERS:
        with pytest.raises(UsageError, match=r"expected a footer (of at most 64 MiB|to fit)"):
            reader(path)
    assert pa.total_allocated_bytes() <= before  # earlier garbage may go meanwhile


def flipped(content, seed):
    chance = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5])):
        # Half of them in the footer, which says what all else is.
        first = 0 if chance.random() < 0.5 else max(0, len(damaged) - 2_500)
        place = chance.randrange(first, len(damaged))
        if chance.random() < 0.8:
            damaged[place] ^= 1 << chance.randrange(8)
        else:
            del damaged[place : place + chance.randrange(1, 9)]
    return bytes(damaged)


@pytest.mark.slow
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_a_damaged_file_is_read_or_refused(tmp_path, compression):
    times = pa.array([pd.Timestamp("2020-01-01"), None] * 50, pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "i": pa.array([1, None] * 50),
            "s": ["a", "bé"] * 50,
            "f": [1.5, None] * 50,
            "t": times,
            "l": [[1, 2], None] * 50,
            "c": pa.array(["x", None] * 50).dictionary_encode(),
        }
    )
    path = tmp_path / "x.parquet"
    pq.write_table(table, path, compression=compression, row_group_size=60)
    whole = path.read_bytes()
    for seed in range(40):
        path.write_bytes(flipped(whole, seed))
        for reader in READERS:
            with contextlib.suppress(UsageError):
                reader(path)


LIES = [
    b"nope",
    b"[" * 100_000,
    b"[]",
    b"5",
    b"{}",
    json.dumps({"index_columns": 5}).encode(),
    json.dumps({"index_columns": [{"a": 1}, None, ["__index_level_0__"]]}).encode(),
    b"\xff\xfe",
]


@pytest.mark.parametrize("lie", LIES)
def test_what_pandas_notes_of_a_frame_is_not_believed(tmp_path, lie):
    path = tmp_path / "x.parquet"
    table = pa.table({"a": [1, 2], "b": ["x", "y"]}).replace_schema_metadata({"pandas": lie})
    pq.write_table(table, path)
    assert read(path).columns.tolist() == ["a", "b"]
    assert fingerprint_path(path).row_count == 2


def test_nulls_are_counted_in_values_not_in_statistics(tmp_path):
    """Statistics that say "no nulls" of a column with nulls would give blocks of other types."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1, None, 3], "b": [1, 2, 3]}), path, write_statistics=["a"])
    content = path.read_bytes()
    assert pq.read_metadata(path).row_group(0).column(0).statistics.null_count == 1
    # It stands as a zigzag varint, 2 for 1: each 2 in turn becomes a 0.
    places = [place for place in range(len(content)) if content[place] == 2]
    believed = [p for p in places if _says_no_nulls(path, content[:p] + b"\0" + content[p + 1 :])]
    assert believed
    for place in believed:
        path.write_bytes(content[:place] + b"\0" + content[place + 1 :])
        assert integers_with_nulls([path], parquet_schema([path])) == ["a"]


def _says_no_nulls(path, content):
    path.write_bytes(content)
    try:
        table = pq.read_table(path)
        found = pq.read_metadata(path).row_group(0).column(0).statistics
    except (OSError, pa.ArrowException):
        return False
    return found is not None and found.null_count == 0 and table["a"].null_count == 1


@pytest.mark.parametrize("name", ["", "\x00", "\x1b[2J", "a" * 100_000])
def test_any_name_of_a_column_is_read(tmp_path, name):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: [1, 2]}), path)
    for reader in READERS:
        with contextlib.suppress(UsageError):
            reader(path)


def test_an_encrypted_file_is_reported(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    path.write_bytes(path.read_bytes()[:-4] + b"PARE")
    for reader in READERS:
        with pytest.raises(UsageError, match="expected a Parquet file"):
            reader(path)
