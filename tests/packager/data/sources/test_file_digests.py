"""Files that become cells are read once; the entries of all files are those of their bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.data.sources import external_columns, file_digests
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
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"%d" % place * (place + 1))
        made.append(file)
    return made


@pytest.mark.parametrize("batch", [1, 20, 1 << 20])
def test_a_folder_of_files_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(file_digests, "BATCH_BYTES", batch)
    files = images(tmp_path, 40)
    expected = {FileEntry.of(file, file.relative_to(tmp_path).as_posix()) for file in files}
    reads: list[Path] = []
    content = external_columns._content

    def counted(path: Path) -> bytes:
        reads.append(path)
        return content(path)

    monkeypatch.setattr(external_columns, "_content", counted)
    monkeypatch.setattr(FileEntry, "of", lambda path, _: pytest.fail(f"{path} was read again"))
    found = fingerprint_path(tmp_path, ROWS)
    assert {*found.files} == expected
    assert sorted(reads) == sorted(files)


def test_files_that_no_cell_names_are_read_at_the_end(tmp_path: Path) -> None:
    images(tmp_path, 5)
    files = source_files(tmp_path, ROWS)
    with ThreadPoolExecutor(1) as hashing:
        digests = FileDigests(files, hashing)
        digests.read(files.all[3], files.all[3].read_bytes())
        digests.read(files.all[3], b"not counted again")
        assert digests.entries() == [FileEntry.of(file, files.name(file)) for file in files.all]
