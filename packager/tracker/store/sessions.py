"""Sessions that ended before their time: a cookie that was copied logs nobody in after a logout."""

from __future__ import annotations

from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer


def end_session(store: Writer, session: str, until: float) -> None:
    """End a session; ``until``: when its cookie would have ended by itself."""
    sql = "insert into ended_session(id, until) values(?, ?) on conflict(id) do nothing"
    store.db.run(sql, (session, until))


def has_ended(store: StoreReader, session: str) -> bool:
    """Whether somebody ended a session."""
    sql = "select 1 as found from ended_session where id = ?"
    return bool(store.db.rows(sql, (session,)))


def forget_sessions(store: Writer, now: float) -> None:
    """Forget sessions whose cookies ended by themselves."""
    store.db.run("delete from ended_session where until < ?", (now,))
