"""A connection to a SQLite file, and what its errors mean to a user."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from packager.errors import PackageError
from packager.tracker.store.database import Row, StoreError
from packager.tracker.store.words import SearchedWords
from packager.tracker.store.write_lock import turn

BUSY_SECONDS = 180.0
MAX_LOG_BYTES = 64 << 20
"""The write-ahead log is cut to this after a checkpoint."""

_PASSING = frozenset(
    {
        *(
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
            sqlite3.SQLITE_NOMEM,
            sqlite3.SQLITE_READONLY,
        ),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB),
    }
)
"""Results that say something of the machine; others are mistakes of a statement."""


class SqliteConnection:
    """One connection, for one thread at a time and one process."""

    def __init__(self, path: Path, *, readable_only: bool = False) -> None:
        mode = "ro" if readable_only else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        self.raw = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self.process = os.getpid()
        self.raw.row_factory = sqlite3.Row
        try:
            self._prepare(readable_only=readable_only)
        except BaseException:
            self.raw.close()
            raise

    def _prepare(self, *, readable_only: bool) -> None:
        if not readable_only:
            mode = self.raw.execute("pragma journal_mode = wal").fetchone()[0]
            if mode != "wal":
                raise sqlite3.OperationalError(f"expected a write-ahead log, got journal {mode}")
            # An acknowledged finding survives a loss of power.
            self.raw.execute("pragma synchronous = full")
            self.raw.execute(f"pragma journal_size_limit = {MAX_LOG_BYTES}")
        self.raw.execute("pragma foreign_keys = on")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows that a statement answers."""
        return [dict(row) for row in self.raw.execute(sql, tuple(values))]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return self.raw.execute(sql, tuple(values)).rowcount

    def matches(self, searched: SearchedWords, most: int) -> list[int]:
        """Rows of the index of words."""
        sql = "select rowid as id from search where search match ? limit ?"
        cursor = self.raw.cursor()
        cursor.row_factory = None  # they may be a million: no object for each
        return [one for (one,) in cursor.execute(sql, (_query(searched), most))]

    def index_words(self, issue: int, words: Sequence[str]) -> None:
        """Replace the row of the index of words."""
        self.run("delete from search where rowid = ?", (issue,))
        self.run("insert into search(rowid, body) values(?, ?)", (issue, " ".join(words)))

    def cut_log(self, seconds: float) -> None:
        """Move the write-ahead log into the file, waiting for readers at most this long."""
        self.raw.execute(f"pragma busy_timeout = {int(seconds * 1000)}")
        try:
            self.raw.execute("pragma wal_checkpoint(truncate)").fetchall()
        finally:
            self.raw.execute(f"pragma busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def leave(self) -> None:
        """End a transaction that is still open, without its changes."""
        if self.raw.in_transaction:
            self.raw.execute("rollback")


def _query(searched: SearchedWords) -> str:
    """Each word quoted, so that nothing in it is syntax."""
    return " ".join(f'"{word}"' for word in searched.words) + ("*" if searched.beginning else "")


@contextmanager
def queued(file: Path) -> Iterator[None]:
    """A turn to write; what the system refuses is an error of SQLite."""
    with ExitStack() as stack:
        try:
            stack.enter_context(turn(file, BUSY_SECONDS))
        except OSError as error:
            raise cannot_open(file, error) from error
        yield


def cannot_open(path: Path, error: OSError) -> sqlite3.OperationalError:
    """SQLite's error for a file that the system doesn't open."""
    sqlite_error = sqlite3.OperationalError(f"{path.name}: {error.strerror}")
    busy = error.errno == errno.EBUSY
    sqlite_error.sqlite_errorcode = sqlite3.SQLITE_BUSY if busy else sqlite3.SQLITE_CANTOPEN
    return sqlite_error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of opening ``path`` as ``PackageError``."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        folder = path.parent
        if not folder.is_dir():
            hint = f"make the folder {folder}"
        elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
            hint = "give this user the right to read and write the file"
        elif not os.access(folder, os.W_OK | os.X_OK):
            hint = f"give this user the right to write into {folder}, or choose another --state"
        elif "not a database" in str(error) or "malformed" in str(error):
            hint = "move the file away; put a backup in its place, or import an export"
        else:
            hint = "the folder has to be on a local disk that has room"
        raise PackageError(f"{path}: expected a store of issues: {error}", hint) from error


@contextmanager
def postponed() -> Iterator[None]:
    """Errors of the machine as ``StoreError``."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _PASSING:
            raise
        raise StoreError(f"the store answers: {error}") from error
