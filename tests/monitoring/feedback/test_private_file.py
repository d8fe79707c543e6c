"""SQLite files of one user."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from monitoring.feedback.private_file import connect, private_umask, refuse_other_kinds


@pytest.mark.parametrize("beside", ["", "-wal", "-shm"])
def test_links_and_pipes_are_refused(tmp_path: Path, beside: str) -> None:
    file = tmp_path / "x"
    refuse_other_kinds(file)
    os.mkfifo(f"{file}{beside}")
    with pytest.raises(OSError, match=f"expected x{beside} to be a file, got a link"):
        refuse_other_kinds(file)


def test_a_new_file_is_private_and_the_umask_is_restored(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with private_umask():
            connect(tmp_path / "a?b", 1, make=True).close()
        assert stat.S_IMODE((tmp_path / "a?b").stat().st_mode) == 0o600
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_an_absent_file_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "absent", 1, make=False)
