"""The events that a channel has sent: a position in the history, kept with its subject."""

from __future__ import annotations

from packager.tracker.core.issue import Event, Issue
from packager.tracker.store.reader import StoreReader, event_of
from packager.tracker.store.writer import Writer

TOLD = ("opened", "rose", "regressed", "reopened", "woke", "moved", "resolved", "flapping")
"""Events that send a message; comments and labels don't."""
MAX_AT_ONCE = 50


def last_event(store: StoreReader) -> int:
    """The id of the newest event of all."""
    rows = store.db.rows("select coalesce(max(id), 0) as last from event")
    return int(rows[0]["last"])


def position(store: StoreReader, channel: str) -> int | None:
    """The event up to which a channel has told; None for a new channel."""
    known = store.setting(f"told/{channel}")
    return None if known is None else int(known)


def keep_position(store: Writer, channel: str, event: int) -> None:
    """Keep how far a channel came."""
    store.keep_setting(f"told/{channel}", str(event))


def channels_without_news(store: StoreReader) -> list[str]:
    """Channels that have told all events."""
    rows = store.db.rows("select name, value from setting where name like 'told/%'")
    return [
        row["name"].removeprefix("told/") for row in rows if not untold(store, int(row["value"]))
    ]


def untold(store: StoreReader, after: int) -> list[tuple[int, Event, Issue]]:
    """The next events to tell, oldest first: id, event, and the issue as it is now."""
    marks = ", ".join("?" for _ in TOLD)
    sql = f"select * from event where id > ? and what in ({marks}) order by id limit ?"
    events = []
    for row in store.db.rows(sql, (after, *TOLD, MAX_AT_ONCE)):
        issue = store.issue(row["issue"])
        if issue is not None:
            events.append((row["id"], event_of(row), issue))
    return events
