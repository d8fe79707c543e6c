"""SQLite files that only their own user can access."""

from __future__ import annotations

import os
import sqlite3
import stat
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def refuse_other_kinds(path: Path) -> None:
    """Raise ``OSError`` for a link, pipe or device, which SQLite would follow or wait for.

    Checks the database ``path`` and the two files that SQLite keeps beside it.
    """
    for beside in ("", "-wal", "-shm"):
        file = Path(f"{path}{beside}")
        try:
            kind = file.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(kind):
            raise OSError(f"expected {file.name} to be a file, got a link, folder, pipe or device")


def connect(path: Path, seconds: float, *, make: bool) -> sqlite3.Connection:
    """Open a database with a write-ahead log, for any thread; create it if ``make``.

    ``seconds``: how long a call waits for another process. Raises ``sqlite3.Error``.
    """
    mode = "rwc" if make else "rw"
    database = sqlite3.connect(
        f"file:{urllib.parse.quote(str(path))}?mode={mode}",
        uri=True,
        timeout=seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    return database


@contextmanager
def private_umask() -> Iterator[None]:
    """Create files that only this user can access."""
    before = os.umask(stat.S_IRWXG | stat.S_IRWXO)
    try:
        yield
    finally:
        os.umask(before)
