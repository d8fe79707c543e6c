"""Saved views: selections of issues that somebody gave a name."""

from __future__ import annotations

from typing import NamedTuple

from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer

MAX_VIEWS = 200


class SavedView(NamedTuple):
    """A name, and the query of the list's address."""

    name: str
    query: str
    who: str


class TooManyViewsError(ValueError):
    """There are ``MAX_VIEWS`` views."""


def saved_views(store: StoreReader) -> list[SavedView]:
    """All saved views, by name."""
    rows = store.db.rows("select name, query, who from saved_view order by name")
    return [SavedView(row["name"], row["query"], row["who"]) for row in rows]


def save_view(store: Writer, view: SavedView, now: float) -> None:
    """Keep a view, in place of one of the same name; raises ``TooManyViewsError``."""
    known = {one.name for one in saved_views(store)}
    if view.name not in known and len(known) >= MAX_VIEWS:
        raise TooManyViewsError(f"expected at most {MAX_VIEWS} saved views")
    sql = (
        "insert into saved_view(name, query, who, at) values(?, ?, ?, ?)"
        " on conflict(name) do update set query = excluded.query, who = excluded.who,"
        " at = excluded.at"
    )
    store.db.run(sql, (view.name, view.query, view.who, now))


def remove_view(store: Writer, name: str) -> bool:
    """Remove a view; False if there is none of this name."""
    return store.db.run("delete from saved_view where name = ?", (name,)) == 1
