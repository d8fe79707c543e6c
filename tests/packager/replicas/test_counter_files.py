"""Counters of scored tables: found by file or folder, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.replicas.counter_files import FILE, counter_file, read_counters


def test_a_folder_or_its_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / FILE
    assert counter_file(str(tmp_path)) is None
    assert counter_file("http://127.0.0.1:3000") is None
    path.write_text('{"series": [["rows", {"model": "m"}, 2]]}')
    assert counter_file(str(tmp_path)) == path
    assert counter_file(str(path)) == path
    (sample,) = read_counters(path)
    assert (sample.name, sample.labels, sample.value) == ("rows", {"model": "m"}, 2.0)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"series": 1}', '{"series": [["a", {}]]}', '{"series": [["a", {"b": 1}, 2]]}'],
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(PackageError, match="expected counters of scored rows, got other") as caught:
        read_counters(path)
    assert "package score" in (caught.value.hint or "")
