"""Files that the cells of a column name."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.data.fingerprint import fingerprint
from packager.data.frames import read
from packager.data.sources.table import SourceTable
from packager.errors import UsageError
from packager.manifest.read_options import ColumnReading, TableReadOptions
from packager.tables.stream import fingerprint_path

NAMED = TableReadOptions(columns={"image": ColumnReading(kind="bytes", files="images")})


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_column_of_paths_becomes_bytes(tmp_path: Path) -> None:
    write(tmp_path / "images", {"a.png": b"A", "b/c.png": b"C", ".hidden": b"H"})
    (tmp_path / "rows.csv").write_text("image,y\na.png,1\nb/c.png,2\n,3\n")
    source = SourceTable(tmp_path / "rows.csv", NAMED)
    frame = source.read()
    assert frame.image.tolist()[:2] == [b"A", b"C"]
    assert frame.image.isna().tolist() == [False, False, True]
    assert [source.files.name(file) for file in source.files.all] == [
        "rows.csv", "images/a.png", "images/b/c.png",
    ]  # fmt: skip
    printed = fingerprint_path(tmp_path / "rows.csv", NAMED)
    assert printed.rows == fingerprint(frame).rows == fingerprint(read(tmp_path, NAMED)).rows
    assert [entry.path for entry in printed.files] == [
        "rows.csv", "images/a.png", "images/b/c.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "nothing.png", "b", ".hidden", "./a.png", "b//c.png"]
)
def test_a_path_that_leaves_the_folder_or_names_no_file_is_refused(
    tmp_path: Path, path: str
) -> None:
    write(tmp_path, {"images/a.png": b"A", "images/b/c.png": b"C", "images/.hidden": b"H"})
    (tmp_path / "secret").write_bytes(b"S")
    (tmp_path / "rows.csv").write_text(f"image,y\na.png,1\n{path},2\n")
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "rows.csv", NAMED)
    assert caught.value.message.startswith(
        f"row 1, column 'image': expected the path of a file below {tmp_path / 'images'}, got"
    )
