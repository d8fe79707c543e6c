"""A connection to PostgreSQL; psycopg is imported here alone, when a store is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from packager.errors import PackageError, UsageError
from packager.tracker.store.database import Row, StoreError
from packager.tracker.store.words import SearchedWords

SCHEMES = ("postgresql", "postgres")
CONNECT_SECONDS = 10
LOCK_SECONDS = 60
_TEXT = re.compile(r"\btext(?=( not null| primary key|,|\)))")


class PostgresConnection:
    """One connection, for one thread at a time and one process."""

    def __init__(self, url: str) -> None:
        import psycopg
        from psycopg.rows import dict_row

        self.raw = psycopg.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            application_name="package issues",
            client_encoding="utf8",
        )
        self.process = os.getpid()
        self.raw.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
        self.raw.execute("set synchronous_commit = on")
        # A service that hangs or loses its network holds the lock of writers no longer than this.
        self.raw.execute(f"set idle_in_transaction_session_timeout = '{LOCK_SECONDS}s'")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows that a statement answers."""
        return list(self.raw.execute(_marked(sql), tuple(values)).fetchall())

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return self.raw.execute(_marked(sql), tuple(values)).rowcount

    def matches(self, searched: SearchedWords, most: int) -> list[int]:
        """Rows of the index of words."""
        sql = "select issue as id from search where words @@ cast(? as tsquery) limit ?"
        return [row["id"] for row in self.rows(sql, (_query(searched), most))]

    def index_words(self, issue: int, words: Sequence[str]) -> None:
        """Replace the row of the index of words."""
        sql = (
            "insert into search(issue, words) values(?, array_to_tsvector(cast(? as text[])))"
            " on conflict(issue) do update set words = excluded.words"
        )
        self.run(sql, (issue, list(words)))

    def begins(self, statement: str) -> bool:
        """Begin a transaction; False, and the connection closed, if the server ended it."""
        import psycopg

        try:
            self.raw.execute(statement)
        except psycopg.OperationalError:
            self.raw.close()
            return False
        return True

    def leave(self) -> None:
        """End a transaction that is still open, without its changes."""
        if not self.raw.closed:
            self.raw.rollback()


def _query(searched: SearchedWords) -> str:
    """Words have letters and digits only, so that none is syntax."""
    return " & ".join(f"'{word}'" for word in searched.words) + (":*" if searched.beginning else "")


def _marked(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def translated(statement: str) -> str:
    """A statement of the schema in PostgreSQL's dialect: wide integers, texts in order of bytes."""
    wide = statement.replace("integer", "bigint")
    return _TEXT.sub('text collate "C"', wide)


def shown_url(url: str) -> str:
    """The address without a password, for messages."""
    parts = urlsplit(url)
    location = parts.netloc.rpartition("@")
    user = location[0].partition(":")[0]
    host = f"{user}@{location[2]}" if user else location[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def check_url(url: str) -> None:
    """Raise ``UsageError`` unless ``url`` is an address of PostgreSQL without a password."""
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password=" in parts.query.lower()
    except ValueError as error:
        raise UsageError(
            f"--database: expected an address: {error}", "write postgresql://USER@HOST/NAME"
        ) from error
    if parts.scheme not in SCHEMES:
        raise UsageError(
            "--database: expected an address that begins with postgresql://",
            "write postgresql://USER@HOST/NAME, or leave it out for a file below --state",
        )
    if secret:
        raise UsageError(
            f"--database {shown_url(url)}: expected no password, which other users see in the"
            " list of processes",
            "put it into the file that PGPASSFILE names (HOST:PORT:NAME:USER:PASSWORD, mode 600)",
        )


@contextmanager
def connecting(url: str) -> Iterator[None]:
    """Errors of the first connection as ``PackageError``."""
    try:
        import psycopg
    except ImportError as error:
        raise PackageError(
            f"{shown_url(url)}: expected psycopg, which connects to PostgreSQL: {error}",
            "install it with `pip install 'model-packager[postgres]'`",
        ) from error
    try:
        yield
    except psycopg.Error as error:
        raise PackageError(
            f"{shown_url(url)}: {str(error).strip()}",
            "check that the server runs, the database exists, and PGPASSFILE has its password",
        ) from error


@contextmanager
def postponed() -> Iterator[None]:
    """Errors of the server and the connection as ``StoreError``."""
    import psycopg

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreError(f"the store answers: {str(error).strip()}") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise StoreError(f"the store answers: {str(error).strip()}") from error
