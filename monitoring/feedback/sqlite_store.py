"""The set of scored tokens in a local file: SQLite with a write-ahead log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from monitoring.feedback.private_file import connect, private_umask, refuse_other_kinds
from monitoring.feedback.token_store import DAY, WAIT_SECONDS, Token, TokenStoreError

FILE = "feedback.sqlite3"
CHECKPOINT_ROWS = 20_000
"""Rows after which a writer truncates the write-ahead log: two writers prevent each other's
automatic checkpoints, and the log would grow without bound."""
GRACE_SECONDS = DAY
"""A day's tokens are deleted once they have been expired for this long, so that a clock that runs
ahead by less deletes nothing."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS expiring (day INTEGER PRIMARY KEY, since REAL)",
    "CREATE TABLE IF NOT EXISTS forgotten (day INTEGER PRIMARY KEY)",
)
_OF_DAY = "CREATE TABLE IF NOT EXISTS day_{:d} (nonce BLOB PRIMARY KEY) WITHOUT ROWID"


class _GoneError(Exception):
    """The file was deleted or replaced after it was opened."""


_FAILURES = (OSError, sqlite3.Error, ValueError, _GoneError)


class SqliteTokenStore:
    """A file in a local folder, shared by all workers of this host.

    A commit survives a crash of every process. A power failure may undo the last commits (no fsync
    for each), together with the counters in this host's memory.
    """

    def __init__(self, folder: Path, *, make: bool = True) -> None:
        """Open the file in ``folder``; create it if ``make``. Raises ``TokenStoreError``.

        Only the start of the server creates it: an empty file in place of a deleted one would let
        labels count again.
        """
        self._path = folder / FILE
        self._identity = 0, 0
        self._unchecked = 0
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            refuse_other_kinds(self._path)
            self._open(make=make)
        except (OSError, sqlite3.Error) as error:
            raise TokenStoreError(f"{self._path}: {error}") from error

    def add(self, tokens: Sequence[Token]) -> list[bool]:
        """Store ``tokens``; return whether each is new. Raises ``TokenStoreError``."""
        try:
            new = self._added(tokens)
        except _FAILURES as error:
            raise TokenStoreError(f"{FILE}: {error}") from error
        self._checkpoint(len(tokens))
        return new

    def confirmed_late(self) -> list[Token]:
        """Always empty: a failed transaction changes nothing."""
        return []

    def purge(self, before: float) -> None:
        """Delete days that have been expired for ``GRACE_SECONDS``. Raises ``TokenStoreError``.

        A day is expired if it ended before ``before``, a Unix time in seconds.
        """
        try:
            with self._transaction():
                # If the clock was set back, these days have not expired.
                self._db.execute("DELETE FROM expiring WHERE (day + 1) * ? > ?", (DAY, before))
                for day in self._days():
                    if (day + 1) * DAY <= before:
                        self._db.execute(
                            "INSERT OR IGNORE INTO expiring VALUES (?, ?)", (day, before)
                        )
                rows = self._db.execute(
                    "SELECT day FROM expiring WHERE since <= ?", (before - GRACE_SECONDS,)
                )
                for (day,) in rows.fetchall():
                    self._db.execute(f"DROP TABLE IF EXISTS day_{day:d}")
                    self._db.execute("DELETE FROM expiring WHERE day = ?", (day,))
                    self._db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (day,))
        except _FAILURES as error:
            raise TokenStoreError(f"{FILE}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self, *, make: bool) -> None:
        with private_umask():
            self._db = connect(self._path, WAIT_SECONDS, make=make)
            # Also proves that the file can be written.
            for statement in _TABLES:
                self._db.execute(statement)
        self._identity = _identity(self._path)

    def _added(self, tokens: Sequence[Token]) -> list[bool]:
        with self._transaction():
            days = {minted // DAY for minted, _ in tokens}
            rows = self._db.execute("SELECT day FROM forgotten")
            gone = days & {day for (day,) in rows.fetchall()}
            for day in sorted(days - gone):
                self._db.execute(_OF_DAY.format(day))
            insert = "INSERT OR IGNORE INTO day_{:d} VALUES (?)"
            return [
                minted // DAY not in gone
                and self._db.execute(insert.format(minted // DAY), (nonce,)).rowcount == 1
                for minted, nonce in tokens
            ]

    def _checkpoint(self, rows: int) -> None:
        """Truncate the log from time to time; if another worker uses it, try again later."""
        self._unchecked += rows
        if self._unchecked < CHECKPOINT_ROWS:
            return
        try:
            busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return  # these rows are committed anyway
        if not busy:
            self._unchecked = 0

    def _days(self) -> list[int]:
        names = self._db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'day_[0-9]*'")
        return [int(name.removeprefix("day_")) for (name,) in names]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if _identity(self._path) != self._identity:
                raise _GoneError(
                    "deleted or replaced while the server runs; new labels cannot be distinguished"
                    " from counted ones until it is restarted"
                )
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode of a file; (0, 0) if it doesn't exist."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino
