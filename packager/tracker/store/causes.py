"""Statements about causes: the work of a change does not grow with the issues of a cause.

The table ``cause`` has a row for each cause with open issues: its first one's time, the one that
leads it, and their number.
"""

from __future__ import annotations

from packager.tracker.core.cause import CAUSE_SECONDS, OpenCause
from packager.tracker.core.issue import ACTIVE, Issue
from packager.tracker.store.database import Database


def near_causes(db: Database, issue: Issue) -> list[OpenCause]:
    """The causes of its package and family that began within an hour of ``issue``."""
    sql = (
        "select id, leader, began_at from cause"
        " where package = ? and family = ? and began_at between ? and ?"
    )
    at = issue.opened_at
    window = (issue.package, issue.family, at - CAUSE_SECONDS, at + CAUSE_SECONDS)
    return [OpenCause(row["id"], row["leader"], row["began_at"]) for row in db.rows(sql, window)]


def keep_causes(db: Database, before: Issue | None, issue: Issue) -> None:
    """Bring the causes of a change up to date: ``issue`` is stored, ``before`` it was so."""
    if before is not None and _sort_key(before) == _sort_key(issue):
        return
    was = before.cause if before is not None and before.state in ACTIVE else None
    now = issue.cause if issue.state in ACTIVE else None
    if now is None or (was is not None and was != now):
        db.run("update issue set leads = 0 where id = ? and leads = 1", (issue.id,))
    if was is not None and was != now:
        _refresh(db, was, -1, issue)
    if now is not None:
        _refresh(db, now, 0 if was == now else 1, issue)


def _sort_key(issue: Issue) -> tuple[object, ...]:
    """The fields of an issue that determine its causes."""
    if issue.state not in ACTIVE:
        return (None,)
    return (issue.cause, issue.band, issue.priority, issue.opened_at)


def _refresh(db: Database, cause: int, more: int, issue: Issue) -> None:
    known = db.rows("select leader, n from cause where id = ?", (cause,))
    n = (known[0]["n"] if known else 0) + more
    if n == 0:
        db.run("delete from cause where id = ?", (cause,))
        return
    first = "select min(opened_at) as at from issue where cause = ? and active = 1"
    began = db.rows(first, (cause,))[0]["at"]
    urgent = (
        "select id from issue where cause = ? and active = 1"
        " order by band, urgency, opened_at, id limit 1"
    )
    leader = db.rows(urgent, (cause,))[0]["id"]
    sql = (
        "insert into cause(id, package, family, began_at, leader, n) values(?, ?, ?, ?, ?, ?)"
        " on conflict(id) do update set began_at = excluded.began_at, leader = excluded.leader,"
        " n = excluded.n"
    )
    db.run(sql, (cause, issue.package, issue.family, began, leader, n))
    if known and known[0]["leader"] != leader:
        db.run("update issue set leads = 0 where id = ?", (known[0]["leader"],))
    db.run("update issue set leads = 1 where id = ? and leads = 0", (leader,))


def rebuild_causes(db: Database) -> None:
    """Compute all causes again from the issues, after an import."""
    db.run("delete from cause")
    db.run("update issue set leads = 0 where leads = 1")
    db.run(
        "update issue set leads = 1 where id in (select id from (select id, row_number() over"
        " (partition by cause order by band, urgency, opened_at, id) as place"
        " from issue where active = 1) as ranked where place = 1)"
    )
    db.run(
        "insert into cause(id, package, family, began_at, leader, n)"
        " select cause, min(package), min(family), min(opened_at),"
        " max(case when leads = 1 then id else 0 end), count(*)"
        " from issue where active = 1 group by cause"
    )
