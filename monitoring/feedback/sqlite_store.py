"""The set of scored tokens in a file of this host: SQLite with a write-ahead log."""

from __future__ import annotations

import os
import sqlite3
import stat
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from monitoring.feedback.token_store import DAY, WAIT_SECONDS, StoreError, Token

FILE = "feedback.sqlite3"
CHECKPOINT_ROWS = 20_000
"""Rows after which a writer empties the write-ahead log: two writers hinder each other's own
checkpoints, and the log would grow without end."""
GRACE_SECONDS = DAY
"""A day is forgotten when it has been found expired for so long: a clock that runs ahead for less
takes nothing away."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS expiring (day INTEGER PRIMARY KEY, since REAL)",
    "CREATE TABLE IF NOT EXISTS forgotten (day INTEGER PRIMARY KEY)",
)
_OF_DAY = "CREATE TABLE IF NOT EXISTS day_{:d} (nonce BLOB PRIMARY KEY) WITHOUT ROWID"


class _GoneError(Exception):
    """The file's name is no longer that of the open file."""


_FAILURES = (OSError, sqlite3.Error, ValueError, _GoneError)


class SqliteTokenStore:
    """A file in a folder of this host, for all workers here.

    A commit survives the death of every process. A power cut may undo the last ones (no fsync at
    each commit), together with the counters in this host's memory.
    """

    def __init__(self, folder: Path, *, make: bool = True) -> None:
        """Open the file in ``folder``, or with ``make`` make it; raises ``StoreError``.

        Only who starts the server makes it: an empty one in the place of one that was deleted
        would let labels count again.
        """
        self._path = folder / FILE
        self._identity = 0, 0
        self._unchecked = 0
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            for beside in ("", "-wal", "-shm"):
                _refuse_other(Path(f"{self._path}{beside}"))
            self._open(make=make)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._path}: {error}") from error

    def add(self, tokens: Sequence[Token]) -> list[bool]:
        """Store ``tokens``; whether each is new. Raises ``StoreError``."""
        try:
            new = self._added(tokens)
        except _FAILURES as error:
            raise StoreError(f"{FILE}: {error}") from error
        self._checkpoint(len(tokens))
        return new

    def confirmed_late(self) -> list[Token]:
        """None: a transaction that failed has changed nothing."""
        return []

    def purge(self, before: float) -> None:
        """Delete tokens minted before ``before``, a Unix time in seconds. Raises ``StoreError``."""
        try:
            with self._transaction():
                # The clock came back: those have not expired.
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
            raise StoreError(f"{FILE}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self, *, make: bool) -> None:
        mode = "rwc" if make else "rw"
        with _private():
            self._db = sqlite3.connect(
                f"file:{urllib.parse.quote(str(self._path))}?mode={mode}",
                uri=True,
                timeout=WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
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
        """Empty the log now and then; where another worker is in it, next time."""
        self._unchecked += rows
        if self._unchecked < CHECKPOINT_ROWS:
            return
        try:
            busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return  # these rows are committed all the same
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


def _refuse_other(path: Path) -> None:
    """Raise ``OSError`` for a link, pipe or device, which SQLite would follow or wait for."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(kind):
        raise OSError(f"expected {path.name} to be a file, got a link, folder, pipe or device")


def _identity(path: Path) -> tuple[int, int]:
    """What tells a file from another of its name; (0, 0) where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


@contextmanager
def _private() -> Iterator[None]:
    """Files made here are for this user alone."""
    before = os.umask(stat.S_IRWXG | stat.S_IRWXO)
    try:
        yield
    finally:
        os.umask(before)
