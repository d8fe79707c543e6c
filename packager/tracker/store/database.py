"""A database connection, and its dialect of SQL, for the statements of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from packager.tracker.store.words import SearchedWords

Row = Mapping[str, Any]


class StoreError(Exception):
    """The database can't do it now: no room, no connection, locked for too long, read-only.

    The transaction changed nothing; the same call can succeed later.
    """


class Database(Protocol):
    """A connection; statements have ``?`` for each value."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows that a statement answers."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""

    def matches(self, searched: SearchedWords, most: int) -> list[int]:
        """At most ``most`` ids of issues that have all words, the last perhaps as a beginning."""

    def index_words(self, issue: int, words: Sequence[str]) -> None:
        """Make an issue be found by these words, in place of earlier ones."""
