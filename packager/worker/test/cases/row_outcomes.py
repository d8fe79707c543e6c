"""The model's answers to rows that it may refuse, one outcome for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.manifest import Column
from packager.worker.processes.resilient_model import Reply, ResilientModel, Row
from packager.worker.test.quoted_cells import NOT_SHOWN, without_quotes

CHUNK_ROWS = 2_000
MAX_CALLS = 500
"""Calls with which rows that the model refuses are searched for, in all."""
WORDS = {
    "raises": "the model raises",
    "ends": "the model ends its process",
    "hangs": "the model does not answer in time",
    "not asked": "the model ended its process too often to be asked again",
}


@dataclass(frozen=True)
class RowReply:
    """The outcome of one row."""

    answer: Mapping[str, Any] | None = None
    """As ``/predict`` gives it, without flags; None if there is none."""
    flags: frozenset[str] = frozenset()
    why: str = ""
    """Why there is no answer."""


@dataclass
class RowAsker:
    """Asks a model for rows in the form of requests."""

    model: ResilientModel
    calls: int = 0

    @cached_property
    def _checker(self) -> RowChecker:
        return RowChecker(self.model.schema)

    def query(self, rows: Sequence[Row]) -> list[RowReply]:
        """The outcome of each row; rows that no request may hold are not sent."""
        refusals = self._refusals(rows)
        sent = [index for index, one in enumerate(refusals) if one is None]
        answered: dict[int, RowReply] = {}
        for start in range(0, len(sent), CHUNK_ROWS):
            part = sent[start : start + CHUNK_ROWS]
            outcomes = self._part([rows[index] for index in part])
            answered |= dict(zip(part, outcomes, strict=True))
        return [answered[index] if one is None else one for index, one in enumerate(refusals)]

    def together(self, rows: Sequence[Row]) -> Reply:
        """The reply to ``rows`` in one call."""
        return self.model.query(rows)

    def _refusals(self, rows: Sequence[Row]) -> list[RowReply | None]:
        """The outcome of each row that a server refuses; None for one that it takes."""
        try:
            self._checker.check(rows)
        except RowError as error:
            if len(rows) > 1:
                return [self._refusals([row])[0] for row in rows]
            hidden = any(
                column.name == error.column and column.personal for column in self._columns
            )
            got = f"expected {error.expected}, got {NOT_SHOWN if hidden else error.got}"
            return [RowReply(why=f"a server refuses the column {error.column!r}: {got}")]
        return [None] * len(rows)

    def _part(self, rows: Sequence[Row]) -> list[RowReply]:
        self.calls += 1
        reply = self.model.query(rows)
        if reply.outcome in ("answered", "no answer"):
            return [_plain(answer) for answer in reply.answers]
        if len(rows) == 1 or self.calls > MAX_CALLS:
            return [RowReply(why=self._why(reply))] * len(rows)
        middle = len(rows) // 2
        return [*self._part(rows[:middle]), *self._part(rows[middle:])]

    @property
    def _columns(self) -> Sequence[Column]:
        return (*self.model.schema.features, *self.model.schema.extras)

    def _why(self, reply: Reply) -> str:
        word = WORDS.get(reply.outcome, reply.outcome)
        return f"{word}: {without_quotes(reply.why, self._columns)}" if reply.why else word


def _plain(answer: Mapping[str, Any]) -> RowReply:
    whole = dict(answer)
    return RowReply(whole, frozenset(whole.pop("flags", ())))
