"""Links, pipes and devices in place of a server's files: reported, not waited for or followed."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.feedback.keys import KeyFileError, KeyRing
from monitoring.feedback.sqlite_store import FILE, SqliteTokenStore
from monitoring.feedback.token_store import TokenStoreError
from monitoring.flagged_rows_log import FlaggedRowsLog
from packager.errors import UsageError
from serving.http.auth import ApiKeys


def pipe(path: Path) -> None:
    os.mkfifo(path)


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    path.write_bytes(b"#" * 70_000)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [pipe, zeros, huge, folder])
def test_a_key_file_that_is_none_is_reported(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "keys"
    make(path)
    with pytest.raises(KeyFileError, match=r"can't be read|expected"):
        KeyRing(path, "m")
    with pytest.raises(UsageError, match="MODEL_API_KEYS_FILE: expected a readable file"):
        ApiKeys(path)


def test_a_key_file_that_becomes_a_pipe_leaves_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("1:" + "ab" * 16)
    ring = KeyRing(path, "m")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(KeyFileError):
        ring.refresh()
    assert ring.keys.first == 1


@pytest.mark.parametrize("make", [pipe, zeros, folder])
@pytest.mark.parametrize("name", ["log", "log.lock"])
def test_a_log_of_rows_follows_no_link_and_waits_for_no_pipe(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(OSError, match="log"):
        FlaggedRowsLog(tmp_path / "log", ["a"], version="1").check()


def test_a_log_of_rows_at_a_link_leaves_what_the_link_names(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    (tmp_path / "log").symlink_to(tmp_path / "mine")
    log = FlaggedRowsLog(tmp_path / "log", ["a"], version="1")
    with pytest.raises(OSError, match="log"):
        log.write([[1]], [["x"]], [0], None)
    assert (tmp_path / "mine").read_text() == "kept"


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = FlaggedRowsLog(tmp_path / "log", ["a"], version="1")
    log.write([["x\n{}\r\u2028\x1b"]], [["new\nline"]], ["y\n"], ["t\n"])
    write = os.write
    monkeypatch.setattr("monitoring.flagged_rows_log.os.write", lambda f, b: write(f, b[:20]))
    with pytest.raises(OSError, match="No space left"):
        log.write([["x"]], [["f"]], ["y"], None)
    monkeypatch.undo()
    log.write([["z"]], [["f"]], ["y"], None)
    lines = (tmp_path / "log").read_bytes().split(b"\n")
    assert [json.loads(line)["row"]["a"] for line in lines[:-1]] == ["x\n{}\r\u2028\x1b", "z"]


@pytest.mark.parametrize("make", [pipe, zeros, folder])
@pytest.mark.parametrize("name", [FILE, FILE + "-wal", FILE + "-shm"])
def test_another_file_in_place_of_the_set_is_refused(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(TokenStoreError, match="expected"):
        SqliteTokenStore(tmp_path)


def test_a_damaged_set_and_one_with_other_tables_fail_the_request(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + b"\xff" * 9_000)
    with pytest.raises(TokenStoreError):
        SqliteTokenStore(tmp_path)
    (tmp_path / FILE).unlink()
    seen = SqliteTokenStore(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TABLE day_1x (a)")
    with pytest.raises(TokenStoreError):
        seen.purge(1e12)
