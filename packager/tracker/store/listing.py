"""Pages of a list of issues, in bounded work whatever the selection.

A list is read in its order along an index, below each state (and band) that is selected. Labels
and words that few issues have become a condition on ids; those of many are tested issue by issue
along the list, for at most ``MAX_WALKED`` issues a page. Such a page can have fewer issues than its
limit, or none, and a next page all the same.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

from packager.tracker.core.issue import ACTIVE, State
from packager.tracker.store.database import Database, Row
from packager.tracker.store.selection import Cursor, Selection
from packager.tracker.store.words import searched_words

MAX_MATCHES = 2_000
"""Issues of a word or label up to which their ids are a condition."""
MAX_WALKED = 10_000
MAX_FOUND = 1_000_000
"""Issues of words that are searched at all."""


class SqlCondition(NamedTuple):
    """A condition in SQL, and its values."""

    sql: str
    values: tuple[Any, ...] = ()


class KeyPage(NamedTuple):
    """Ids of issues in order, and the key of the next page."""

    ids: list[int]
    next: Cursor | None


class Listing:
    """A selection, read page by page."""

    def __init__(self, db: Database, query: Selection) -> None:
        self._db = db
        self._query = query
        self._recent = query.order == "recent"
        self._always = [
            SqlCondition(f"{name} = ?", (value,))
            for name in ("package", "kind", "owner", "cause")
            if (value := getattr(query, name)) is not None
        ]
        self._tested: list[SqlCondition] = []
        """Conditions that are tested issue by issue."""
        self._matches: frozenset[int] | None = None
        """Issues that have words of many; a look into the index for each issue costs more."""
        if query.label is not None:
            self._narrow_label(query.label)
        searched = searched_words(query.text)
        if searched.words:
            identifiers = db.matches(searched, MAX_MATCHES + 1)
            if len(identifiers) > MAX_MATCHES:
                self._matches = frozenset(db.matches(searched, MAX_FOUND))
            else:
                self._narrow(identifiers)
        elif query.text.strip():
            self._always.append(SqlCondition("1 = 0"))

    def page(self, after: Cursor | None) -> KeyPage:
        """The page after a key."""
        limit = self._query.limit
        ids: list[int] = []
        last, walked, size = after, 0, limit + 1
        while True:
            rows = self._keys(last, size)
            for row in rows:
                if self._is_hit(row) and len(ids) == limit:
                    return KeyPage(ids, last)
                last = self._cursor(row)
                if self._is_hit(row):
                    ids.append(row["id"])
            walked += len(rows)
            if len(rows) < size:
                return KeyPage(ids, None)
            if walked >= MAX_WALKED:
                return KeyPage(ids, last)
            size = min(4 * size, MAX_WALKED - walked)

    def _narrow_label(self, label: str) -> None:
        sql = "select issue as id from label where name = ? limit ?"
        identifiers = [row["id"] for row in self._db.rows(sql, (label, MAX_MATCHES + 1))]
        if len(identifiers) > MAX_MATCHES:
            exists = "exists(select 1 from label where name = ? and label.issue = issue.id)"
            self._tested.append(SqlCondition(exists, (label,)))
        else:
            self._narrow(identifiers)

    def _narrow(self, identifiers: list[int]) -> None:
        ids = ", ".join(str(int(one)) for one in identifiers)
        self._always.append(SqlCondition(f"id in ({ids})" if identifiers else "1 = 0"))

    def _is_hit(self, row: Row) -> bool:
        return bool(row["hit"]) and (self._matches is None or row["id"] in self._matches)

    def _keys(self, after: Cursor | None, size: int) -> list[Row]:
        """Keys of the next ``size`` issues in order, each with whether it is a hit."""
        rows: list[Row] = []
        for branch in self._branches():
            rows += self._branch_keys(branch, after, size)
        rows.sort(key=lambda row: self._sort_values(self._cursor(row)))
        return rows[:size]

    def _branch_keys(
        self, branch: list[SqlCondition], after: Cursor | None, size: int
    ) -> list[Row]:
        conditions = [*self._always, *branch]
        if after is not None and self._recent:
            conditions.append(SqlCondition("(state_since, id) < (?, ?)", (after.at, after.id)))
        elif after is not None:
            conditions.append(SqlCondition("(band, urgency, opened_at, id) > (?, ?, ?, ?)", after))
        order = "state_since desc, id desc" if self._recent else "band, urgency, opened_at, id"
        where = " and ".join(condition.sql for condition in conditions)
        sql = (
            "select id, band, urgency, opened_at, state_since from issue"
            f" where {where} order by {order} limit ?"
        )
        values = [value for condition in conditions for value in condition.values]
        hit = " and ".join(one.sql for one in self._tested) or "1 = 1"
        tested = [value for one in self._tested for value in one.values]
        outer = f"select issue.*, case when {hit} then 1 else 0 end as hit from ({sql}) as issue"
        return self._db.rows(outer, (*tested, *values, size))

    def _branches(self) -> list[list[SqlCondition]]:
        """Selections of one state, and of one band if bands are selected."""
        states = dict.fromkeys(self._query.states or State)
        bands = dict.fromkeys(self._query.bands or (None,))
        return [self._branch(state, band) for state, band in product(states, bands)]

    def _branch(self, state: State, band: int | None) -> list[SqlCondition]:
        conditions = [SqlCondition("state = ?", (state.value,))]
        if self._query.folded and state in ACTIVE:
            conditions.append(SqlCondition("leads = 1"))
        if band is not None:
            conditions.append(SqlCondition("band = ?", (band,)))
        return conditions

    def _cursor(self, row: Row) -> Cursor:
        if self._recent:
            return Cursor(0, 0.0, row["state_since"], row["id"])
        return Cursor(row["band"], row["urgency"], row["opened_at"], row["id"])

    def _sort_values(self, key: Cursor) -> tuple[float, ...]:
        return (-key.at, -key.id) if self._recent else tuple(key)
