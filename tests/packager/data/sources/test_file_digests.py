"""Files that become cells are read once; the entries of all files are those of their bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.data import canonical, frames
from packager.data.canonical import HashedBytes
from packager.data.fingerprint import fingerprint
from packager.data.sources import file_digests
from packager.data.sources.file_digests import FileDigests
from packager.data.sources.listing import source_files
from packager.manifest.base import FileEntry
from packager.manifest.read_options import FileRows, TableReadOptions
from packager.tables.stream import fingerprint_path

ROWS = TableReadOptions(files=FileRows(content="image", folder="label"))


def images(folder: Path, count: int) -> list[Path]:
    made = []
    for place in range(count):
        file = folder / f"class {place % 3}" / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % place * (place + 1))
        made.append(file)
    return made


@pytest.mark.parametrize("size", [1, 20, 1 << 20])
def test_a_folder_of_files_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(file_digests, "BUFFER_BYTES", size)
    files = images(tmp_path, 40)
    (tmp_path / "class 0" / "empty.png").touch()
    files.append(tmp_path / "class 0" / "empty.png")
    expected = {FileEntry.of(file, file.relative_to(tmp_path).as_posix()) for file in files}
    reads: list[Path] = []
    cell = FileDigests.cell

    def counted(self: FileDigests, path: Path) -> HashedBytes:
        reads.append(path)
        return cell(self, path)

    monkeypatch.setattr(FileDigests, "cell", counted)
    monkeypatch.setattr(FileEntry, "of", lambda path, _: pytest.fail(f"{path} was read again"))
    found = fingerprint_path(tmp_path, ROWS)
    assert {*found.files} == expected
    assert sorted(reads) == sorted(files)


@pytest.mark.parametrize("kind", [None, "bytes"])
def test_the_fingerprint_is_that_of_the_content(tmp_path: Path, kind: str | None) -> None:
    images(tmp_path / "files", 7)
    if kind is None:
        path, reader = tmp_path / "files", ROWS
    else:
        names = [f"class {place % 3}/{place}.png" for place in (*range(7), 3)]
        path = tmp_path / "table.csv"
        path.write_text("\n".join(["image,y", *(f"{name},1" for name in names), ",0"]))
        column = {"kind": kind, "files": "files"}
        reader = TableReadOptions.model_validate({"columns": {"image": column}})
    found = fingerprint_path(path, reader)
    assert found == fingerprint(frames.read(path, reader), found.files)


def test_files_that_no_cell_names_are_read_at_the_end(tmp_path: Path) -> None:
    images(tmp_path, 5)
    files = source_files(tmp_path, ROWS)
    with ThreadPoolExecutor(1) as hashing:
        digests = FileDigests(files, hashing)
        content = files.all[3].read_bytes()
        assert digests.cell(files.all[3]) == HashedBytes(canonical.xxh3(content))
        expected = [FileEntry.of(file, files.name(file)) for file in files.all]
        files.all[3].write_bytes(b"not counted again")
        assert digests.cell(files.all[3]) == HashedBytes(canonical.xxh3(b"not counted again"))
        assert digests.entries() == expected
