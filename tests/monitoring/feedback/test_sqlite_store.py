"""Tokens in an SQLite file: durable through a kill, small, and private to its owner."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.feedback.sqlite_store import FILE, SqliteTokenStore
from monitoring.feedback.token_store import DAY, TokenStoreError

NOW = 20_000 * DAY + 100


def nonces(count: int) -> list[tuple[int, bytes]]:
    return [(NOW, os.urandom(8)) for _ in range(count)]


def test_a_commit_survives_a_kill(tmp_path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from monitoring.feedback.sqlite_store import SqliteTokenStore\n"
        f"print(SqliteTokenStore(Path(sys.argv[1])).add([({NOW}, b'12345678')]), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    top = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=top, capture_output=True, text=True
    )
    assert done.stdout == "[True]\n"
    assert SqliteTokenStore(tmp_path).add([(NOW, b"12345678")]) == [False]


def test_a_label_takes_some_twenty_bytes(tmp_path) -> None:
    seen = SqliteTokenStore(tmp_path)
    for _ in range(20):
        seen.add(nonces(1000))
    seen.close()
    size = (tmp_path / FILE).stat().st_size
    assert 8 < size / 20_000 < 30


def test_the_file_is_for_its_owner_alone(tmp_path) -> None:
    SqliteTokenStore(tmp_path / "state").add(nonces(1))
    for path in (tmp_path / "state").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TokenStoreError, match=r"file/state/feedback\.sqlite3"):
        SqliteTokenStore(tmp_path / "file" / "state")


def test_a_file_of_something_else_is_refused(tmp_path) -> None:
    (tmp_path / FILE).write_text("not a database" * 100)
    with pytest.raises(TokenStoreError, match="not a database"):
        SqliteTokenStore(tmp_path)


def test_a_full_disk_adds_nothing(tmp_path) -> None:
    seen = SqliteTokenStore(tmp_path)
    seen.add(nonces(1))
    (pages,) = seen._db.execute("PRAGMA page_count").fetchone()
    seen._db.execute(f"PRAGMA max_page_count={pages + 1}")  # SQLite's own way to be full
    tokens = nonces(5_000)
    with pytest.raises(TokenStoreError, match="full"):
        seen.add(tokens)
    seen._db.execute("PRAGMA max_page_count=1000000")
    assert all(seen.add(tokens))


def test_a_locked_file_is_an_error_not_a_wait_forever(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("monitoring.feedback.sqlite_store.WAIT_SECONDS", 0.05)
    seen = SqliteTokenStore(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TokenStoreError, match="locked"):
        seen.add(nonces(1))
    other.execute("ROLLBACK")
    assert seen.add(nonces(1)) == [True]
