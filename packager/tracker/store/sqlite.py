"""Issues in one SQLite file: write-ahead log, and every transaction that writes begins immediate.

A transaction that begins as a reader and then writes fails at once when another one wrote, whatever
the timeout; ``begin immediate`` waits.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packager.errors import PackageError
from packager.tracker.store.database import Row
from packager.tracker.store.reader import Reader
from packager.tracker.store.schema import INDEXES, SCHEMA_VERSION, TABLES
from packager.tracker.store.writer import Writer

BUSY_SECONDS = 60.0
SEARCH_TABLE = "create virtual table search using fts5(body)"
MAX_WORDS = 20


class SqliteConnection:
    """One connection, for one thread at a time."""

    def __init__(self, path: Path, *, readable_only: bool = False) -> None:
        mode = "ro" if readable_only else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        self.raw = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self.raw.row_factory = sqlite3.Row
        if not readable_only:
            self.raw.execute("pragma journal_mode = wal")
            # An acknowledged finding survives a loss of power.
            self.raw.execute("pragma synchronous = full")
        self.raw.execute("pragma foreign_keys = on")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows that a statement answers."""
        return [dict(row) for row in self.raw.execute(sql, tuple(values))]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return self.raw.execute(sql, tuple(values)).rowcount

    def search_condition(self, text: str) -> tuple[str, tuple[Any, ...]]:
        """FTS5, each word as a quoted text, so that nothing in it is syntax."""
        words = [word.replace('"', '""') for word in text.split()[:MAX_WORDS]]
        match = " ".join(f'"{word}"' for word in words)
        return "id in (select rowid from search where search match ?)", (f"{match}*",)

    def index_text(self, issue: int, text: str) -> None:
        """Keep the words of an issue."""
        self.run("delete from search where rowid = ?", (issue,))
        self.run("insert into search(rowid, body) values(?, ?)", (issue, text))


class SqliteStore:
    """A store in the file ``path``, which is created if it isn't there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[SqliteConnection] = []
        self._writing = SqliteConnection(path)
        path.chmod(0o600)
        self._migrate()

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """One transaction at a time in this process; other processes wait in SQLite."""
        with self._lock:
            raw = self._writing.raw
            raw.execute("begin immediate")
            try:
                yield Writer(self._writing)
                raw.execute("commit")
            except BaseException:
                if raw.in_transaction:
                    raw.execute("rollback")
                raise

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A snapshot on a connection of its own."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = SqliteConnection(self._path, readable_only=True)
        try:
            connection.raw.execute("begin")
            yield Reader(connection)
        finally:
            if connection.raw.in_transaction:
                connection.raw.execute("rollback")
            self._idle.append(connection)

    def backup(self, target: Path) -> None:
        """``vacuum into`` a new file, which then replaces ``target``."""
        part = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            connection = SqliteConnection(self._path, readable_only=True)
            connection.raw.execute("vacuum into ?", (str(part),))
            connection.raw.close()
            part.chmod(0o600)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop().raw.close()
        self._writing.raw.close()

    def _migrate(self) -> None:
        """Make the tables of a new file; refuse a file of another version."""
        raw = self._writing.raw
        raw.execute("begin immediate")
        try:
            found = raw.execute("pragma user_version").fetchone()[0]
            if found == 0:
                for statement in (*TABLES, *INDEXES, SEARCH_TABLE):
                    raw.execute(statement)
                raw.execute(f"pragma user_version = {SCHEMA_VERSION}")
            elif found != SCHEMA_VERSION:
                raise PackageError(
                    f"{self._path}: expected a store of version {SCHEMA_VERSION}, got {found}",
                    "use the version of model-packager that wrote it",
                )
            raw.execute("commit")
        except BaseException:
            if raw.in_transaction:
                raw.execute("rollback")
            raise
