"""What the statements of this folder need of a database connection, and of its dialect of SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class Database(Protocol):
    """A connection; statements have ``?`` for each value."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows that a statement answers."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""

    def search_condition(self, text: str) -> tuple[str, tuple[Any, ...]]:
        """The condition on ``issue.id`` of a text search, and its values.

        Every word of ``text`` has to occur, the last one as the beginning of a word. No syntax of
        the database's own search is interpreted.
        """

    def index_text(self, issue: int, text: str) -> None:
        """Make an issue be found by the words of ``text``, in place of earlier ones."""
