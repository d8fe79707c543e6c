"""Tables read block by block: the fingerprint of the whole, in constant memory."""

import random
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from packager.data import csv_types
from packager.data.csv_files import read_csv
from packager.data.fingerprint import Fingerprinter, fingerprint
from packager.data.frames import read
from packager.errors import UsageError
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.tables import stream

CELLS = [
    *("", "NA", "1", "2", " 3", "-1", "1.5", "1.0", "inf", "True", "false", "x", "-0", "1e400"),
    *("2024-01-31", "2024-01-31 10:00", "2024-01-31T10:00Z"),
    *(str(2**53 + 1), str(2**63 - 1), str(2**63), str(2**64), str(-(2**63) - 1), "é"),
]


def same_content(path):
    """Streamed and whole agree in everything but the files, which only the stream names."""
    return stream.fingerprint_path(path).model_copy(update={"files": ()}) == fingerprint(read(path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(120))
@pytest.mark.sample(40)
def test_csv_in_blocks_is_the_table_it_is_as_a_whole(tmp_path, monkeypatch, seed):
    pick = random.Random(seed)
    pool = pick.sample(CELLS, pick.randint(1, 5))
    rows = [f"{pick.choice(pool)},{pick.choice(pool)},1" for _ in range(pick.randint(0, 9))]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["a,b,c", *rows]), encoding="utf-8")
    block = pick.randint(1, 4)
    monkeypatch.setattr(stream, "rows_of_a_block", lambda _columns: block)
    whole = read(file)
    assert same_content(file), whole
    printer = Fingerprinter()
    for block in stream.blocks(file):
        printer.update(block)
    assert printer.result() == fingerprint(whole), whole
    monkeypatch.setattr(csv_types, "MAX_WHOLE", 0)
    monkeypatch.setattr(csv_types, "_CELLS", 3 * pick.randint(1, 4))
    pd.testing.assert_frame_equal(read(file), read_csv([file], DEFAULT_OPTIONS))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(stream, "rows_of_a_block", lambda _columns: 3)


@pytest.mark.usefixtures("small_blocks")
def test_a_text_far_down_makes_text_of_the_numbers_before(tmp_path):
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 20 + "x\n")
    assert same_content(tmp_path / "t.csv")
    assert next(stream.blocks(tmp_path / "t.csv"))["a"].tolist() == ["1", "1", "1"]


@pytest.mark.usefixtures("small_blocks")
def test_a_folder_is_one_table_wherever_it_was_cut(tmp_path):
    for name, cells in {"a": "1\n2\n3\n4\n", "b": "5\n\nx\n"}.items():
        (tmp_path / f"{name}.csv").write_text("c,d\n" + cells.replace("\n", ",1\n"))
    assert same_content(tmp_path)
    assert [f.path for f in stream.fingerprint_path(tmp_path).files] == ["a.csv", "b.csv"]


@pytest.mark.usefixtures("small_blocks")
def test_row_labels_are_dropped_across_blocks_and_a_shifted_table_is_refused(tmp_path):
    rows = "".join(f"{i},{i * 2},x\n" for i in range(1, 9))
    (tmp_path / "r.csv").write_text("a,b\n" + rows)
    assert same_content(tmp_path / "r.csv")
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},2,\n" for i in range(1, 9)))
    with pytest.raises(UsageError, match="expected 2 cells a row, as in the header, got 3"):
        stream.fingerprint_path(tmp_path / "t.csv")


@pytest.mark.usefixtures("small_blocks")
def test_parquet_in_blocks_is_the_table_it_is_as_a_whole(tmp_path, messy):
    big = [2**53 + 1, None, 2**60 + 3, 4]
    extra = {
        "big": pa.array(big, pa.int64()),
        "list": pa.array([[1], None, [2, 3], []]),
        "a.b": pa.array([1, 2, None, 4]),
        "a": pa.array([{"b": 1}, None, {"b": None}, {"b": 2}]),
        "zone": pa.array([0, 1, None, 2], pa.timestamp("ms", "+02:00")),
        "day": pa.array([0, 1, None, 2], pa.date32()),
    }
    table = pa.Table.from_pandas(messy)
    for name, values in extra.items():
        table = table.append_column(name, values)
    pq.write_table(pa.concat_tables([table] * 5), tmp_path / "t.parquet", row_group_size=6)
    assert same_content(tmp_path / "t.parquet")
    pq.write_table(table, tmp_path / "t.parquet", write_statistics=False)
    assert same_content(tmp_path / "t.parquet")


def test_parquet_files_of_other_width_are_one_table(tmp_path):
    pd.DataFrame({"a": np.array([1, 2], "int32")}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [0.5, None]}).to_parquet(tmp_path / "2.parquet")
    assert same_content(tmp_path)


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_no_and_of_one_row_agree_in_both_formats(tmp_path, rows):
    frame = pd.DataFrame({"a": ["x"], "b": [1]}).iloc[:rows]
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    left = stream.fingerprint_path(tmp_path / "t.csv")
    right = stream.fingerprint_path(tmp_path / "t.parquet")
    assert (left.rows, left.columns, left.schema_) == (right.rows, right.columns, right.schema_)
    assert list(left.columns) == ["a", "b"]


@pytest.mark.slow
def test_two_thousand_columns(tmp_path):
    frame = pd.DataFrame(np.arange(6000.0).reshape(3, 2000)).add_prefix("c")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    left = stream.fingerprint_path(tmp_path / "t.csv")
    assert left.rows == stream.fingerprint_path(tmp_path / "t.parquet").rows
    assert len(left.columns) == 2000


BOUNDED = """
    import resource, sys
    from pathlib import Path
    from packager.tables.stream import fingerprint_path
    fingerprint_path(Path(sys.argv[2]))
    status = Path("/proc/self/status").read_text().split()
    used = int(status[status.index("VmData:") + 1]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + {room}, used + {room}))
    print(fingerprint_path(Path(sys.argv[1])).row_count)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_memory_is_flat_on_a_file_larger_than_the_limit(tmp_path, suffix):
    """100 MB of data beyond what the imports take, for files of 190 and 160 MB."""
    rows, parts = 250_000, 4
    file = tmp_path / f"t.{suffix}"
    values = np.random.default_rng(0).standard_normal((rows, 20))
    if suffix == "csv":
        line = ",".join(["0.123456789"] * 16) + "\n"
        with file.open("w") as out:
            out.write(",".join(f"c{i}" for i in range(16)) + "\n")
            for _ in range(100):
                out.write(line * 10_000)
    else:
        frame = pd.DataFrame(values).add_prefix("c")
        with pq.ParquetWriter(file, pa.Schema.from_pandas(frame), compression="none") as writer:
            for _ in range(parts):
                writer.write_table(pa.Table.from_pandas(frame), row_group_size=20_000)
    room = 100 << 20
    assert file.stat().st_size > 1.5 * room
    script = textwrap.dedent(BOUNDED.format(room=room))
    small = tmp_path / f"small.{suffix}"
    getattr(pd.DataFrame({"a": [1]}), f"to_{suffix}")(small)
    done = subprocess.run(
        [sys.executable, "-c", script, file, small], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("1000000", 0), done.stderr[-2000:]
