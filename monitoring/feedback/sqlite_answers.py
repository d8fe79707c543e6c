"""Answers that are kept for late labels in a local file, shared by all workers of this host."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from monitoring.feedback.private_file import connect, private_umask, refuse_other_kinds
from monitoring.feedback.token_store import DAY, WAIT_SECONDS, Token, TokenStoreError

MAX_ASKED = 500
"""Nonces in one query."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS answers"
    " (day INTEGER, nonce BLOB, answer BLOB, PRIMARY KEY (day, nonce)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS sizes (day INTEGER PRIMARY KEY, answers INTEGER)",
)
_FAILURES = (OSError, sqlite3.Error, ValueError)


class SqliteAnswerStore:
    """A local file. If it is lost, so are the answers, and no label."""

    def __init__(self, path: Path, per_day: int) -> None:
        """Open the file, made if absent with its folder; ``per_day``: the most answers of one day.

        Raises ``TokenStoreError``.
        """
        self._path = path
        self._per_day = per_day
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            refuse_other_kinds(self._path)
            with private_umask():
                self._db = connect(self._path, WAIT_SECONDS, make=True)
            for statement in _TABLES:
                self._db.execute(statement)
        except _FAILURES as error:
            raise TokenStoreError(f"{self._path}: {error}") from error

    def keep(self, answers: Sequence[tuple[Token, bytes]]) -> int:
        """As of ``AnswerStore``."""
        stored = 0
        ordered = sorted(answers, key=lambda one: one[0][0] // DAY)
        with self._transaction():
            for day, some in groupby(ordered, lambda one: one[0][0] // DAY):
                cursor = self._db.execute("SELECT answers FROM sizes WHERE day = ?", (day,))
                size = int((cursor.fetchone() or (0,))[0])
                for (_, nonce), answer in some:
                    if size < self._per_day:
                        row = day, nonce, answer
                        insert = "INSERT OR IGNORE INTO answers VALUES (?, ?, ?)"
                        size += self._db.execute(insert, row).rowcount
                        stored += 1
                    else:
                        known = "SELECT 1 FROM answers WHERE day = ? AND nonce = ?"
                        stored += self._db.execute(known, (day, nonce)).fetchone() is not None
                self._db.execute("INSERT OR REPLACE INTO sizes VALUES (?, ?)", (day, size))
        return stored

    def find(self, tokens: Sequence[Token]) -> list[bytes | None]:
        """As of ``AnswerStore``."""
        by_key: dict[tuple[int, bytes], bytes] = {}
        keys = [(minted // DAY, nonce) for minted, nonce in tokens]
        try:
            for day in {day for day, _ in keys}:
                nonces = [nonce for its, nonce in keys if its == day]
                for start in range(0, len(nonces), MAX_ASKED):
                    some = nonces[start : start + MAX_ASKED]
                    marks = ", ".join("?" * len(some))
                    rows = self._db.execute(
                        f"SELECT nonce, answer FROM answers WHERE day = ? AND nonce IN ({marks})",
                        (day, *some),
                    )
                    by_key.update({(day, nonce): answer for nonce, answer in rows})
        except _FAILURES as error:
            raise TokenStoreError(f"{self._path.name}: {error}") from error
        return [by_key.get(key) for key in keys]

    def purge(self, before: float) -> None:
        """As of ``AnswerStore``."""
        with self._transaction():
            for table in ("answers", "sizes"):
                self._db.execute(f"DELETE FROM {table} WHERE (day + 1) * ? <= ?", (DAY, before))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Raises ``TokenStoreError``; then nothing has changed."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except _FAILURES as error:
            raise TokenStoreError(f"{self._path.name}: {error}") from error
