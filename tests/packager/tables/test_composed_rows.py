"""Versions of arrays, of image folders and of tables with files: kept, restored, fingerprinted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from picture_samples import gray_png

from packager.data import frames
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.read_options import (
    DEFAULT_OPTIONS,
    ColumnReading,
    FileRows,
    TableReadOptions,
)
from packager.tables.checkout import export, revert
from packager.tables.commit import CommitResult, commit_rows
from packager.tables.composed_rows import arrow_table
from packager.tables.delta import VersionedTable
from packager.tables.source import open_source
from packager.tables.stream import fingerprint_path

RANDOM = np.random.default_rng(4)
IMAGES = TableReadOptions(files=FileRows(content="image", folder="kind"))
BESIDE = TableReadOptions(columns={"image": ColumnReading(kind="bytes", files="images")})


def arrays(folder: Path, rows: int = 30, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "pixels": RANDOM.integers(0, 255, (rows, 3, 4)).astype(np.uint8),
        "wave": RANDOM.normal(size=(rows, 5)).astype(np.float16),
        "mask": RANDOM.random((rows, 2)) < 0.5,
        "label": np.arange(rows) % 3,
        "name": np.array([f"row {at}" for at in range(rows)]),
        "when": np.arange(rows).astype("M8[D]"),
        **more,
    }
    np.savez(folder / "rows.npz", **columns)
    return folder


def images(folder: Path, rows: int = 12) -> Path:
    for at in range(rows):
        file = folder / f"class {at % 3}" / f"{at}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gray_png(RANDOM.integers(0, 255, (4, 4))))
    return folder


def table(folder: Path, rows: int = 12) -> Path:
    images(folder / "images", rows)
    names = [f"class {at % 3}/{at}.png" for at in range(rows)]
    frame = pd.DataFrame({"image": names, "size": np.arange(rows) / 2, "note": "x"})
    frame.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def add(
    path: Path, reader: TableReadOptions, place: Location, *, append: bool = False
) -> CommitResult:
    return commit_rows(open_source(path, reader), place, "m", "me", append=append)


@pytest.fixture
def place(tmp_path: Path) -> Location:
    return Location(str(tmp_path / "table"))


@pytest.mark.parametrize(
    ("make", "reader"),
    [(arrays, DEFAULT_OPTIONS), (images, IMAGES), (table, BESIDE)],
    ids=["npz", "image folders", "table with files"],
)
def test_a_version_has_the_fingerprint_of_the_source(
    make: Any, reader: TableReadOptions, tmp_path: Path, place: Location
) -> None:
    source = make(tmp_path / "rows")
    wanted = fingerprint_path(source, reader)
    made = add(source, reader, place)
    assert made.version.fingerprint == wanted
    assert add(source, reader, place).unchanged
    export(place, tmp_path / "out.parquet")
    exported = fingerprint_path(tmp_path / "out.parquet")
    assert exported.model_copy(update={"files": wanted.files}) == wanted
    whole = frames.read(tmp_path / "out.parquet")
    read = pd.concat([*VersionedTable.open(place).frames()], ignore_index=True)
    assert [*whole.columns] == [*read.columns] == list(wanted.columns)


def test_a_version_is_appended_to_compared_and_restored(tmp_path: Path, place: Location) -> None:
    first = add(arrays(tmp_path / "first"), DEFAULT_OPTIONS, place)
    more = add(arrays(tmp_path / "more", 7), DEFAULT_OPTIONS, place, append=True)
    assert more.version.fingerprint is not None
    assert more.version.fingerprint.row_count == 37
    assert "pixels.mean" in {one.column for one in more.drift} or more.rows is not None
    back = revert(Location(place.uri, first.version.number), "", "me")
    assert back.fingerprint == first.version.fingerprint


def test_arrays_of_another_shape_are_another_column(tmp_path: Path, place: Location) -> None:
    add(arrays(tmp_path / "first"), DEFAULT_OPTIONS, place)
    other = arrays(tmp_path / "other", pixels=np.zeros((30, 4, 3), np.uint8))
    with pytest.raises(UsageError, match=r"'pixels' was array\[uint8, 3x4\] and is .*4x3"):
        add(other, DEFAULT_OPTIONS, place)
    wider = arrays(tmp_path / "wider", pixels=np.zeros((30, 3, 4), np.int16))
    with pytest.raises(UsageError, match=r"and is array\[int16, 3x4\]"):
        add(wider, DEFAULT_OPTIONS, place)


def test_null_cells_stay_null(tmp_path: Path, place: Location) -> None:
    source = table(tmp_path / "rows")
    frame = pd.read_csv(source)
    frame.loc[3, "image"] = None
    frame.to_csv(source, index=False)
    made = add(source, BESIDE, place)
    assert made.version.fingerprint == fingerprint_path(source, BESIDE)


def test_what_a_version_can_not_hold_is_named(tmp_path: Path) -> None:
    source = table(tmp_path / "rows")
    reader = BESIDE.model_copy(
        update={"columns": {**BESIDE.columns, "note": ColumnReading(kind="decimal")}}
    )
    with pytest.raises(UsageError, match="'note': expected a type that a Delta table has") as error:
        open_source(source, reader)
    assert "leave its declaration out" in error.value.hint


def test_a_cell_of_another_type_is_named() -> None:
    frame = pd.DataFrame({"x": ["text"]})
    with pytest.raises(UsageError, match="rows: column 'x': expected values that int64 holds"):
        arrow_table(frame, pa.schema({"x": pa.int64()}), "rows")
