"""Which tokens have been scored: one set for all workers, so that no label counts twice.

A token's own, signed time says in which day's part of the set it belongs. So a part is dropped
whole when its last token has expired, and a row is nothing but the token's 8-byte nonce.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

DAY = 86_400
FILE = "feedback.sqlite3"
WAIT_SECONDS = 5.0
CHECKPOINT_ROWS = 20_000
"""Rows after which a writer empties the write-ahead log: two writers hinder each other's own
checkpoints, and the log would grow without end."""


class StoreError(Exception):
    """The set can't be read or written now; nothing was added to it, as far as is known."""


class Seen(Protocol):
    """A set of tokens that all workers share; may block, and is for one thread."""

    def add(self, tokens: Sequence[tuple[int, bytes]]) -> list[bool]:
        """Add (time minted, nonce) pairs, all or none; which of them were not there before.

        Of equal ones in ``tokens`` only the first is new. Raises ``StoreError``.
        """

    def purge(self, before: float) -> None:
        """Forget the days that ended before this time (seconds since 1970)."""

    def close(self) -> None:
        """Let go of the store."""


class SqliteSeen:
    """A file in a folder of this host, for all workers here: SQLite with a write-ahead log.

    A commit survives the death of every process. A power cut may undo the last ones (no fsync at
    each commit), together with the counters in this host's memory.
    """

    def __init__(self, folder: Path) -> None:
        """Open or make the file in ``folder``; raises ``StoreError`` if that can't be written."""
        path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _private():
                self._db = sqlite3.connect(
                    path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
                )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            # Also proves that the file can be written.
            self._db.execute("CREATE TABLE IF NOT EXISTS format (version INTEGER)")
            self._unchecked = 0
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}") from error

    def add(self, tokens: Sequence[tuple[int, bytes]]) -> list[bool]:
        try:
            with self._transaction():
                for day in sorted({minted // DAY for minted, _ in tokens}):
                    self._db.execute(
                        f"CREATE TABLE IF NOT EXISTS day_{day:d} "
                        "(nonce BLOB PRIMARY KEY) WITHOUT ROWID"
                    )
                insert = "INSERT OR IGNORE INTO day_{:d} VALUES (?)"
                new = [
                    self._db.execute(insert.format(minted // DAY), (nonce,)).rowcount == 1
                    for minted, nonce in tokens
                ]
        except sqlite3.Error as error:
            raise StoreError(f"{FILE}: {error}") from error
        self._checkpoint(len(tokens))
        return new

    def purge(self, before: float) -> None:
        try:
            with self._transaction():
                for day in self._days():
                    if (day + 1) * DAY <= before:
                        self._db.execute(f"DROP TABLE IF EXISTS day_{day:d}")
        except sqlite3.Error as error:
            raise StoreError(f"{FILE}: {error}") from error

    def close(self) -> None:
        self._db.close()

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
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


class RedisSeen:
    """A Redis that replicas on several hosts share; days expire there by themselves."""

    def __init__(self, url: str, model: str, days: float) -> None:
        """Connect to ``url``; ``days``: how long tokens are good for. Raises ``StoreError``."""
        import redis

        self._failure: type[Exception] = redis.RedisError
        self._model = model
        self._days = days
        try:
            self._client: Any = redis.Redis.from_url(
                url, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS
            )
            self._client.ping()
        except (redis.RedisError, ValueError) as error:
            raise StoreError(f"{_shown(url)}: {error}") from error

    def add(self, tokens: Sequence[tuple[int, bytes]]) -> list[bool]:
        pipeline = self._client.pipeline(transaction=True)
        for minted, nonce in tokens:
            pipeline.sadd(self._key(minted // DAY), nonce)
        for day in sorted({minted // DAY for minted, _ in tokens}):
            pipeline.expireat(self._key(day), int((day + 2 + self._days) * DAY))
        try:
            answers = pipeline.execute()
        except self._failure as error:
            raise StoreError(f"redis: {error}") from error
        return [added == 1 for added in answers[: len(tokens)]]

    def purge(self, before: float) -> None:
        """Nothing to do: keys expire."""

    def close(self) -> None:
        self._client.close()

    def _key(self, day: int) -> str:
        return f"model-feedback:{self._model}:{day}"


@contextmanager
def _private() -> Iterator[None]:
    """Files made here are for this user alone."""
    before = os.umask(stat.S_IRWXG | stat.S_IRWXO)
    try:
        yield
    finally:
        os.umask(before)


def _shown(url: str) -> str:
    """A URL without what may be a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
