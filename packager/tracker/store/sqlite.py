"""Issues in one SQLite file: write-ahead log, and every transaction that writes begins immediate.

A transaction that begins as a reader and then writes fails at once when another one wrote, whatever
the timeout; ``begin immediate`` waits. Processes take turns (``turns.py``), so that each of many
has its own.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.errors import PackageError
from packager.tracker.store.database import StoreError
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.schema import STEPS, Step
from packager.tracker.store.sqlite_connection import (
    SqliteConnection,
    cannot_open,
    explained,
    postponed,
    queued,
)
from packager.tracker.store.writer import Writer

APPLICATION = 0x69737375
"""``issu``: ``pragma application_id`` of a store of issues."""
CUT_SECONDS = 2.0


class SqliteStore:
    """A store in the file ``path``, which is created if it isn't there."""

    def __init__(self, path: Path, steps: Sequence[Step] = STEPS) -> None:
        self._path = path
        self._queue = path.with_name(f"{path.name}-queue")
        self._steps = steps
        self._lock = threading.Lock()
        self._idle: list[SqliteConnection] = []
        self._foreign: list[SqliteConnection] = []
        """Connections of the process that this one was forked from: closing them would release the
        other's locks."""
        self._closed = False
        with explained(path), queued(self._queue):
            self._writing = self._open()

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """One transaction at a time in this process; other processes wait in SQLite."""
        with self._lock, postponed(), queued(self._queue):
            connection = self._own_writing()
            connection.raw.execute("begin immediate")
            try:
                yield Writer(connection)
                connection.raw.execute("commit")
            finally:
                connection.leave()

    @contextmanager
    def read(self) -> Iterator[StoreReader]:
        """A snapshot on a connection of its own."""
        with postponed():
            connection = self._own_reading()
            try:
                connection.raw.execute("begin")
                yield StoreReader(connection)
            finally:
                connection.leave()
                self._idle.append(connection)
                if self._closed:
                    self._close_idle()

    def upkeep(self) -> None:
        """Cut the write-ahead log, which grows while there is always a reader."""
        with self._lock, postponed():
            self._own_writing().cut_log(CUT_SECONDS)

    def backup(self, target: Path) -> None:
        """``vacuum into`` a new file, which then replaces ``target``."""
        part = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = SqliteConnection(self._path, readable_only=True)
            try:
                connection.raw.execute("vacuum into ?", (str(part),))
            finally:
                connection.raw.close()
            _flush(part)
            part.replace(target)
            _flush(target.parent)
        except (OSError, sqlite3.DatabaseError) as error:
            raise PackageError(
                f"{target}: no backup was written: {error}",
                "choose a place that can be written and has room for the store",
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        """Close all connections; those in use are closed when their reader is done."""
        with self._lock:
            self._closed = True
            self._close_idle()
            if self._writing.process == os.getpid():
                self._writing.raw.close()

    def _close_idle(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.process == os.getpid():
                connection.raw.close()
            else:
                self._foreign.append(connection)

    def _own_writing(self) -> SqliteConnection:
        if self._closed:
            raise StoreError("the store is closed")
        if self._writing.process != os.getpid():
            self._foreign.append(self._writing)
            self._writing = SqliteConnection(self._path)
        return self._writing

    def _own_reading(self) -> SqliteConnection:
        if self._closed:
            raise StoreError("the store is closed")
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return SqliteConnection(self._path, readable_only=True)
            if connection.process == os.getpid():
                return connection
            self._foreign.append(connection)

    def _open(self) -> SqliteConnection:
        if not self._path.exists() and self._path.parent.is_dir():
            try:
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            except OSError as error:
                raise cannot_open(self._path, error) from error
        connection = SqliteConnection(self._path)
        try:
            self._migrate(connection.raw)
        except BaseException:
            connection.leave()
            connection.raw.close()
            raise
        return connection

    def _migrate(self, raw: sqlite3.Connection) -> None:
        """Make the file one of the newest version; all steps or none."""
        raw.execute("begin immediate")
        has = raw.execute("pragma user_version").fetchone()[0]
        newest = len(self._steps)
        mine = raw.execute("pragma application_id").fetchone()[0] == APPLICATION
        if not mine and raw.execute("select count(*) from sqlite_master").fetchone()[0]:
            raise PackageError(
                f"{self._path}: expected a store of issues, got another program's database",
                "choose another --state",
            )
        if has > newest:
            raise PackageError(
                f"{self._path}: expected a store of version {newest} or earlier, got {has}",
                "use the version of model-packager that wrote it, or a newer one",
            )
        for step in self._steps[has:]:
            for statement in (*step.statements, *step.sqlite):
                raw.execute(statement)
        raw.execute(f"pragma application_id = {APPLICATION}")
        raw.execute(f"pragma user_version = {newest}")
        raw.execute("commit")


def _flush(path: Path) -> None:
    """Make a file, or the names in a folder, survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
