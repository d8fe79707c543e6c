"""A folder of generated files that an attacker has prepared."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from packager.deploy.generated_folder import RECORD, read_generated, write
from packager.errors import UsageError


@pytest.mark.parametrize("place", ["../own.txt", "{tmp}/own.txt", "a/../../own.txt"])
@pytest.mark.parametrize("key", ["files", "pending"])
def test_a_record_that_names_a_file_elsewhere_removes_nothing(
    tmp_path: Path, place: str, key: str
) -> None:
    own, target = tmp_path / "own.txt", tmp_path / "out"
    own.write_text("mine")
    write(target, {"a/one.yml": "1"}, {})
    record = json.loads((target / RECORD).read_text())
    named = {place.format(tmp=tmp_path): sha256(b"mine").hexdigest()}
    record[key] = {**record.get(key, {}), **named}
    (target / RECORD).write_text(json.dumps(record))
    with pytest.raises(UsageError, match="expected the record"):
        read_generated(target)
    with pytest.raises(UsageError, match="expected the record"):
        write(target, {"a/one.yml": "2"}, {})
    assert own.read_text() == "mine"


def test_nothing_is_written_through_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    elsewhere, target = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    write(target, {"b.yml": "1"}, {})
    (target / "a").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="a link that leaves"):
        write(target, {"b.yml": "1", "a/one.yml": "1"}, {})
    assert list(elsewhere.iterdir()) == []


def test_users_of_containers_read_the_files_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for text in ("one", "two"):
            write(tmp_path / "out", {"proxy/shop/haproxy.cfg": text, "compose.yml": text}, {})
    finally:
        os.umask(before)
    found = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    modes = {oct(path.stat().st_mode & 0o777) for path in found if path.is_dir()}
    assert modes == {"0o755"}
    assert {oct(path.stat().st_mode & 0o777) for path in found if path.is_file()} == {"0o644"}


def test_folders_that_get_empty_leave_with_their_files(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target, {"a/b/one.yml": "1", "a/two.yml": "2", "c/three.yml": "3"}, {})
    (target / "c" / "own.txt").write_text("mine")
    write(target, {"a/two.yml": "2"}, {})
    assert [path.name for path in sorted(target.rglob("*"))] == [
        RECORD,
        "a",
        "two.yml",
        "c",
        "own.txt",
    ]
