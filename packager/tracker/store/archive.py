"""The lines of an archive: everything in a store but tokens, sessions and the database's own.

An archive is JSON lines in UTF-8: a head, versions, issues, then what belongs to them by
fingerprint, and an end, by which a file that was cut is recognised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from packager.tracker.core.issue import Issue
from packager.tracker.store.database import Database, Row
from packager.tracker.store.reader import StoreReader

FORMAT = "issues/1"
SCAN = "scan/"
"""Beginning of the settings that belong to issues: the last scan of each scope. Others belong to
one service: its key of sessions, how far its channels came."""
MAX_ROWS = 500
"""Rows that are in memory at once."""
OF_ISSUES = {
    "event": ("id", ("at", "who", "what", "text", "version", "link")),
    "point": ("at", ("at", "value")),
    "plot": ("issue", ("at", "record")),
    "mirror": ("forge", ("forge", "seen", "synced_at")),
}
"""Table of what belongs to an issue → the column that orders its rows below an issue, and what is
exported."""
TABLES = {
    "version": (("package", "place"), ("package", "version", "first_seen")),
    "saved_view": (("name",), ("name", "query", "who", "at")),
    "setting": (("name",), ("name", "value")),
    "delivery": (("id",), ("id", "at")),
    "audit": (("id",), ("at", "who", "what", "text")),
}
"""Other tables → the key that orders their rows, and what is exported."""


def export_lines(store: StoreReader) -> Iterator[bytes]:
    """The lines of an archive of a snapshot, each with its end of line."""
    yield _line({"format": FORMAT})
    yield from _table_lines(store.db, "version")
    names: dict[int, str] = {}
    for row in _pages(store.db, "issue", ("id",), ("id", "record")):
        issue = Issue.model_validate_json(row["record"]).with_changes({"id": row["id"]})
        names[issue.id] = issue.fingerprint
        yield _line({"type": "issue", "record": issue.model_dump(mode="json")})
    for table, (order, columns) in OF_ISSUES.items():
        for row in _pages(store.db, table, ("issue", order), columns):
            values = {name: row[name] for name in columns}
            yield _line({"type": table, "issue": names[row["issue"]], **values})
    for table in [one for one in TABLES if one != "version"]:
        yield from _table_lines(store.db, table)
    yield _line({"type": "end", "issues": len(names)})


def _table_lines(db: Database, table: str) -> Iterator[bytes]:
    order, columns = TABLES[table]
    for row in _pages(db, table, order, columns):
        if table != "setting" or row["name"].startswith(SCAN):
            yield _line({"type": table, **{name: row[name] for name in columns}})


def _pages(
    db: Database, table: str, order: tuple[str, ...], columns: tuple[str, ...]
) -> Iterator[Row]:
    """All rows of a table in the order of a unique key."""
    names = ", ".join(dict.fromkeys((*order, *columns)))
    key, marks = ", ".join(order), ", ".join("?" for _ in order)
    after: list[Any] = []
    while True:
        where = f"where ({key}) > ({marks})" if after else ""
        sql = f"select {names} from {table} {where} order by {key} limit ?"
        rows = db.rows(sql, (*after, MAX_ROWS))
        yield from rows
        if len(rows) < MAX_ROWS:
            return
        after = [rows[-1][name] for name in order]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
