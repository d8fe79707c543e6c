"""Sources of arrays, of files that a table names, and of files that are rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pyarrow import parquet

from packager.data.array_column import array_column
from packager.data.fingerprint import fingerprint
from packager.data.frames import infer_columns, read
from packager.data.preview import read_first_rows
from packager.data.sources import external_columns
from packager.data.sources.table import column_names
from packager.errors import UsageError
from packager.manifest.read_options import ColumnReading, FileRows, TableReadOptions
from packager.tables.stream import blocks, fingerprint_path

NAMED = TableReadOptions(columns={"image": ColumnReading(kind="bytes", files="images")})
BY_CLASS = TableReadOptions(files=FileRows(content="image", folder="label"))


def declared(**columns: Any) -> TableReadOptions:
    return TableReadOptions(columns={n: ColumnReading(**c) for n, c in columns.items()})


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_an_archive_is_a_table(tmp_path: Path) -> None:
    x = np.arange(12, dtype="u1").reshape(3, 2, 2)
    day = np.array(["2024-01-01", "2024-01-02", "NaT"], "M8[D]")
    np.savez(tmp_path / "a.npz", x=x, y=np.array([1, 2, 3]), name=np.array(["a", "b", "c"]), d=day)
    frame = read(tmp_path / "a.npz")
    assert list(frame) == column_names(tmp_path / "a.npz") == ["x", "y", "name", "d"]
    assert {c.name: c.kind for c in infer_columns(frame)} == {
        "x": "array", "y": "integer", "name": "string", "d": "datetime",
    }  # fmt: skip
    assert (array_column(frame.x).block == x).all()  # type: ignore[union-attr]
    assert fingerprint(frame).rows == fingerprint_path(tmp_path / "a.npz").rows


def test_a_table_beside_arrays_gives_the_other_columns(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 4), "f4"))
    (tmp_path / "rows.csv").write_text("id,target\n1,a\n2,b\n")
    frame = read(tmp_path)
    assert list(frame) == ["id", "target", "x"]
    (tmp_path / "rows.csv").write_text("id,target\n1,a\n")
    with pytest.raises(UsageError, match=r"x\.npy: expected 1 rows, as in the table beside it"):
        read(tmp_path)
    (tmp_path / "rows.csv").write_text("x\n1\n2\n")
    with pytest.raises(UsageError, match="got 'x' in the table and as an array beside it"):
        read(tmp_path)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cells=arrays.arrays(
        st.sampled_from(["?", "i1", "u8", "f2", "f4", ">f8"]),
        st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3)),
    ),
    block=st.sampled_from([1, 20, 1 << 20]),
)
def test_blocks_and_the_whole_have_one_fingerprint(
    tmp_path: Path, cells: Any, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    monkeypatch.setattr(external_columns, "BLOCK_BYTES", block)
    np.savez(tmp_path / "a.npz", x=cells)
    found = fingerprint_path(tmp_path / "a.npz")
    assert found.rows == fingerprint(read(tmp_path / "a.npz")).rows
    assert found.ordered == fingerprint(read(tmp_path / "a.npz")).ordered
    assert sum(len(one) for one in blocks(tmp_path / "a.npz")) == len(cells)
    wide = cells.astype("f8" if cells.dtype.kind == "f" else cells.dtype)
    np.savez_compressed(tmp_path / "b.npz", x=np.asfortranarray(wide[::-1]))
    assert fingerprint_path(tmp_path / "b.npz").rows == found.rows


def test_a_parquet_file_that_declares_them_has_the_fingerprint_of_arrays(tmp_path: Path) -> None:
    x = np.arange(12, dtype="f4").reshape(3, 4)
    np.savez(tmp_path / "a.npz", x=x)
    reader = declared(x={"kind": "array", "shape": (4,), "element": "float32"})
    flat = pa.array(x.reshape(-1))
    forms = [
        pa.FixedSizeListArray.from_arrays(flat, 4),
        pa.array(x.tolist()),
        pa.array([json.dumps(row) for row in x.tolist()]),
    ]
    found = {fingerprint_path(tmp_path / "a.npz").columns["x"]}
    for place, form in enumerate(forms):
        file = tmp_path / f"{place}.parquet"
        parquet.write_table(pa.table({"x": form}), file)
        found.add(fingerprint_path(file, reader).columns["x"])
    text = "\n".join(f'"{json.dumps(row)}"' for row in x.tolist())
    (tmp_path / "x.csv").write_text(f"x\n{text}\n")
    found.add(fingerprint_path(tmp_path / "x.csv", reader).columns["x"])
    assert len(found) == 1


def test_a_preview_of_wide_rows_reads_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from packager.data import parquet_files

    monkeypatch.setattr(parquet_files, "HEAD_BYTES", 10_000)
    monkeypatch.setattr(external_columns, "BLOCK_BYTES", 10_000)
    x = np.ones((500, 100))
    column = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), 100)
    parquet.write_table(pa.table({"x": column}), tmp_path / "a.parquet")
    np.save(tmp_path / "x.npy", x)
    assert 1 <= len(read_first_rows(tmp_path / "a.parquet")) <= 13
    assert 1 <= len(read_first_rows(tmp_path / "x.npy")) <= 13


def test_the_files_of_folders_are_rows_with_their_class(tmp_path: Path) -> None:
    write(tmp_path, {"dog/2.png": b"2", "cat/1.png": b"1", "cat/sub/3.png": b"3", ".DS_Store": b""})
    frame = read(tmp_path, BY_CLASS)
    assert frame.image.tolist() == [b"1", b"3", b"2"]
    assert frame.label.tolist() == ["cat", "cat", "dog"]
    printed = fingerprint_path(tmp_path, BY_CLASS)
    assert printed.rows == fingerprint(frame).rows
    assert [one.path for one in printed.files] == ["cat/1.png", "cat/sub/3.png", "dog/2.png"]
    write(tmp_path, {"stray.png": b"S"})
    with pytest.raises(UsageError, match=r"in a folder that names its 'label', got 'stray\.png'"):
        read(tmp_path, BY_CLASS)
    (tmp_path / "stray.png").unlink()
    (tmp_path / "cat/link").symlink_to("1.png")
    with pytest.raises(UsageError, match="got a link"):
        read(tmp_path, BY_CLASS)
