"""Statements on mirrors of issues in forges."""

from __future__ import annotations

from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer


def mirrors(store: StoreReader, forge: str) -> list[tuple[int, str]]:
    """Issue and the mirror's JSON, of every issue that a forge has."""
    rows = store.db.rows("select issue, seen from mirror where forge = ? order by issue", (forge,))
    return [(row["issue"], row["seen"]) for row in rows]


def keep_mirror(store: Writer, issue: int, forge: str, seen: str, now: float) -> bool:
    """Keep a mirror; False if there is no such issue."""
    if store.issue(issue) is None:
        return False
    sql = (
        "insert into mirror(issue, forge, seen, synced_at) values(?, ?, ?, ?)"
        " on conflict(forge, issue) do update set seen = excluded.seen,"
        " synced_at = excluded.synced_at"
    )
    store.db.run(sql, (issue, forge, seen, now))
    return True
