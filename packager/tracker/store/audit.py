"""The audit trail: who logged in, made or revoked a token, exported or imported; never changed.

What people do to an issue is in its history.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import NEXT_ID, Writer

MAX_ENTRIES = 200
LOCAL = "command line"
"""The actor with access to the store's file or database."""
Deed = Literal[
    "login", "logout", "token added", "token revoked", "exported", "imported", "backed up"
]


class AuditEntry(NamedTuple):
    """One deed."""

    id: int
    at: float
    who: str
    what: str
    text: str


def note(store: Writer, at: float, who: str, what: Deed, text: str = "") -> None:
    """Add an entry."""
    sql = (
        f"insert into audit(id, at, who, what, text) values({NEXT_ID.format('audit')}, ?, ?, ?, ?)"
    )
    store.db.run(sql, (at, who, what, text))


def audit_entries(store: StoreReader, before: int | None = None) -> list[AuditEntry]:
    """At most ``MAX_ENTRIES``, newest first; ``before``: an id."""
    sql = "select id, at, who, what, text from audit where id < ? order by id desc limit ?"
    rows = store.db.rows(sql, (2**62 if before is None else before, MAX_ENTRIES))
    return [AuditEntry(**row) for row in rows]
