"""A file for a package in another format: how to write the file, not how to build the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.data import frames
from packager.data.csv_format_error import CsvFormatError, as_packaged
from packager.errors import UsageError
from packager.manifest.read_options import DEFAULT_OPTIONS


@pytest.mark.parametrize(
    ("content", "of_project", "of_package"),
    [
        (
            "größe,art\n1,a\n".encode("cp1252"),
            'set under [data] of package.toml: read = { encoding = "cp1252" } '
            "(or the encoding it has), or save the file as UTF-8",
            "it is probably cp1252: save it as UTF-8, which the data of the package have",
        ),
        (
            b"size;kind\n1,5;a\n",
            'set under [data] of package.toml: read = { separator = ";", decimal = "," }',
            "write it with commas between cells and decimal points, as the data of the package are",
        ),
    ],
)
def test_the_hint_names_what_can_be_changed(
    tmp_path: Path, content: bytes, of_project: str, of_package: str
) -> None:
    file = tmp_path / "new.csv"
    file.write_bytes(content)
    with pytest.raises(CsvFormatError) as told:
        frames.read(file, DEFAULT_OPTIONS)
    assert told.value.hint == of_project
    with pytest.raises(UsageError) as packaged, as_packaged():
        frames.read(file, DEFAULT_OPTIONS)
    assert packaged.value.message == told.value.message
    assert packaged.value.hint == of_package
