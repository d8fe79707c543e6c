"""Issues in PostgreSQL, for teams that run several services of one list.

Transactions that write follow one another: each begins with the lock ``WRITING`` and holds it to
its end, as SQLite's ``begin immediate`` does. A change of an issue touches what others share (the
causes of its family, the numbers of its package, the order of versions), so locks of single issues
would allow deadlocks, and two causes where there is one. Readers wait for nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.errors import PackageError
from packager.tracker.store.database import StoreError
from packager.tracker.store.postgres_connection import (
    PostgresConnection,
    connecting,
    postponed,
    shown_url,
    translated,
)
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.schema import STEPS, Step
from packager.tracker.store.writer import Writer

WRITING = 0x69737375
"""The key of the lock that a transaction holds while it writes; it says ``issu``."""
_VERSION = "schema_version"
_SNAPSHOT = "begin isolation level repeatable read read only"


class PostgresStore:
    """A store in the database ``url``, whose tables are created if they aren't there."""

    def __init__(self, url: str, steps: Sequence[Step] = STEPS) -> None:
        self._url = url
        self._steps = steps
        self._lock = threading.Lock()
        self._idle: list[PostgresConnection] = []
        self._foreign: list[PostgresConnection] = []
        """Connections of the process that this one was forked from; closing them ends its own."""
        self._writing: PostgresConnection | None = None
        self._closed = False
        with connecting(url), self._transaction() as connection:
            self._migrate(connection)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """One transaction at a time in all services."""
        with postponed(), self._transaction() as connection:
            yield Writer(connection)

    @contextmanager
    def read(self) -> Iterator[StoreReader]:
        """A snapshot on a connection of its own."""
        with postponed():
            connection = self._begun(self._idle_one(), _SNAPSHOT)
            try:
                yield StoreReader(connection)
            finally:
                self._done_reading(connection)

    def upkeep(self) -> None:
        """Nothing: PostgreSQL does it by itself."""

    def backup(self, target: Path) -> None:  # noqa: ARG002
        """Raise ``PackageError``: PostgreSQL has its own programs."""
        raise PackageError(
            f"{shown_url(self._url)}: expected a store in a file",
            "use pg_dump, or `package issues export`",
        )

    def close(self) -> None:
        """Close all connections; those in use are closed when their reader is done."""
        with self._lock:
            self._closed = True
            idle = [self._idle.pop() for _ in range(len(self._idle))]
            for one in (*idle, *([self._writing] if self._writing is not None else [])):
                if one.process == os.getpid():
                    one.raw.close()

    @contextmanager
    def _transaction(self) -> Iterator[PostgresConnection]:
        with self._lock:
            connection = self._writing = self._begun(self._writing, "begin")
            try:
                connection.raw.execute("select pg_advisory_xact_lock(%s)", (WRITING,))
                yield connection
                connection.raw.execute("commit")
            finally:
                connection.leave()

    def _begun(self, known: PostgresConnection | None, begin: str) -> PostgresConnection:
        """A connection in a new transaction: ``known``, or another one if the server ended it."""
        if self._closed:
            raise StoreError("the store is closed")
        if known is not None and known.process != os.getpid():
            self._foreign.append(known)
        elif known is not None and known.begins(begin):
            return known
        new = PostgresConnection(self._url)
        new.raw.execute(begin)
        return new

    def _idle_one(self) -> PostgresConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _done_reading(self, connection: PostgresConnection) -> None:
        connection.leave()
        if self._closed or connection.raw.closed:
            connection.raw.close()
        else:
            self._idle.append(connection)

    def _migrate(self, connection: PostgresConnection) -> None:
        """Make the database one of the newest version; all steps or none."""
        exists = "select to_regclass('setting') is not null as found"
        has = 0
        if connection.rows(exists)[0]["found"]:
            version = StoreReader(connection).setting(_VERSION)
            if version is None or not version.isdecimal():
                raise PackageError(
                    f"{shown_url(self._url)}: expected a store of issues, got another program's"
                    " tables",
                    "make a database of its own with createdb",
                )
            has = int(version)
        newest = len(self._steps)
        if has > newest:
            raise PackageError(
                f"{shown_url(self._url)}: expected a store of version {newest} or earlier,"
                f" got {has}",
                "use the version of model-packager that wrote it, or a newer one",
            )
        for step in self._steps[has:]:
            for statement in (*step.statements, *step.postgres):
                connection.raw.execute(translated(statement))
        if has != newest:
            Writer(connection).keep_setting(_VERSION, str(newest))
