"""Statements that read issues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from packager.tracker.core.cause import CauseMember
from packager.tracker.core.issue import Event, Issue
from packager.tracker.core.versions import Versions
from packager.tracker.store.database import Database, Row
from packager.tracker.store.selection import Cursor, IssuePage, Selection

MAX_EVENTS = 200


class Tally(NamedTuple):
    """The number of issues of a package in a state and band."""

    package: str
    state: str
    band: int
    n: int


class StoredEvent(NamedTuple):
    """An event and its id, by which the history is paged."""

    id: int
    event: Event


class Reader:
    """Reads a consistent view of the store."""

    def __init__(self, connection: Database) -> None:
        self.db = connection

    def issue(self, number: int) -> Issue | None:
        """The issue of this id."""
        return self._one("where id = ?", number)

    def issue_of(self, fingerprint: str) -> Issue | None:
        """The issue of this fingerprint."""
        return self._one("where fingerprint = ?", fingerprint)

    def page(self, query: Selection, after: Cursor | None = None) -> IssuePage:
        """A page of a list."""
        conditions, values = self._conditions(query)
        recent = query.order == "recent"
        if after is not None and recent:
            conditions.append("(state_since, id) < (?, ?)")
            values += [after.at, after.id]
        elif after is not None:
            conditions.append("(band, urgency, opened_at, id) > (?, ?, ?, ?)")
            values += list(after)
        order = "state_since desc, id desc" if recent else "band, urgency, opened_at, id"
        where = f"where {' and '.join(conditions)}" if conditions else ""
        values.append(query.limit + 1)
        sql = f"select id, record from issue {where} order by {order} limit ?"
        found = [_issue(row) for row in self.db.rows(sql, values)]
        issues = tuple(found[: query.limit])
        return IssuePage(issues, query.cursor_of(issues[-1]) if len(found) > query.limit else None)

    def _conditions(self, query: Selection) -> tuple[list[str], list[Any]]:
        conditions: list[str] = []
        values: list[Any] = []
        if query.active_only:
            conditions.append("active = 1")
        elif query.states:
            conditions.append(f"state in ({_marks(query.states)})")
            values += [state.value for state in query.states]
        if query.bands:
            conditions.append(f"band in ({_marks(query.bands)})")
            values += query.bands
        for name in ("package", "kind", "owner", "cause"):
            value = getattr(query, name)
            if value is not None:
                conditions.append(f"{name} = ?")
                values.append(value)
        if query.folded:
            conditions.append("leads = 1")
        if query.label is not None:
            conditions.append("id in (select issue from label where name = ?)")
            values.append(query.label)
        if query.text.split():
            condition, words = self.db.search_condition(query.text)
            conditions.append(condition)
            values += words
        return conditions, values

    def events(self, issue: int, before: int | None = None) -> list[StoredEvent]:
        """At most ``MAX_EVENTS`` entries of an issue's history, newest first."""
        sql = "select * from event where issue = ? and id < ? order by id desc limit ?"
        rows = self.db.rows(sql, (issue, before or 2**62, MAX_EVENTS))
        return [StoredEvent(row["id"], _event(row)) for row in rows]

    def tallies(self, package: str | None = None) -> list[Tally]:
        """Numbers of issues by package, state and band; of one package, or of all."""
        where = "n > 0" if package is None else "n > 0 and package = ?"
        values = () if package is None else (package,)
        sql = f"select package, state, band, n from tally where {where} order by 1, 2, 3"
        return [
            Tally(row["package"], row["state"], row["band"], row["n"])
            for row in self.db.rows(sql, values)
        ]

    def points(self, issues: Sequence[int]) -> dict[int, list[tuple[float, float]]]:
        """Issue → the times and priorities of its sparkline, in order of time."""
        found: dict[int, list[tuple[float, float]]] = {one: [] for one in issues}
        if issues:
            sql = f"select * from point where issue in ({_marks(issues)}) order by issue, at"
            for row in self.db.rows(sql, issues):
                found[row["issue"]].append((row["at"], row["value"]))
        return found

    def cause_sizes(self, causes: Sequence[int]) -> dict[int, int]:
        """Cause → the number of its issues that are open."""
        if not causes:
            return {}
        sql = (
            f"select cause, count(*) as n from issue where cause in ({_marks(causes)})"
            " and active = 1 group by cause"
        )
        return {row["cause"]: row["n"] for row in self.db.rows(sql, causes)}

    def members(self, package: str, family: str) -> list[CauseMember]:
        """Open issues of a package and family."""
        sql = (
            "select id, cause, opened_at, band, urgency from issue"
            " where package = ? and family = ? and active = 1"
        )
        return [_member(row) for row in self.db.rows(sql, (package, family))]

    def members_of(self, cause: int) -> list[CauseMember]:
        """Open issues of a cause."""
        sql = "select id, cause, opened_at, band, urgency from issue where cause = ? and active = 1"
        return [_member(row) for row in self.db.rows(sql, (cause,))]

    def of_scope(self, package: str, source: str, scope: str) -> list[Issue]:
        """Issues that a scan of a scope found and that are not over."""
        sql = (
            "select id, record from issue where id in"
            " (select issue from observation where source = ? and package = ? and scope = ?)"
        )
        return self._issues(sql, (source, package, scope))

    def firing(self, source: str) -> list[Issue]:
        """Issues that a source observes now."""
        sql = (
            "select id, record from issue where id in"
            " (select issue from observation where source = ?)"
        )
        return self._issues(sql, (source,))

    def unobserved(self) -> list[Issue]:
        """Open issues that ended with the last replica of their version."""
        return self._issues("select id, record from issue where unobserved = 1", ())

    def due(self, now: float) -> list[Issue]:
        """Issues that change by time alone: the end of a snooze, of flapping."""
        return self._issues("select id, record from issue where due_at <= ?", (now,))

    def versions(self, package: str) -> Versions:
        """The versions of a package in the order in which they were first seen."""
        sql = "select version from version where package = ? order by place"
        return Versions([row["version"] for row in self.db.rows(sql, (package,))])

    def version_times(self, package: str) -> list[tuple[str, float]]:
        """Each version of a package, and when it was first seen; in that order."""
        sql = "select version, first_seen from version where package = ? order by place"
        rows = self.db.rows(sql, (package,))
        return [(row["version"], row["first_seen"]) for row in rows]

    def setting(self, name: str) -> str | None:
        """A setting that the service keeps."""
        rows = self.db.rows("select value from setting where name = ?", (name,))
        return rows[0]["value"] if rows else None

    def _one(self, where: str, value: Any) -> Issue | None:
        rows = self.db.rows(f"select id, record from issue {where}", (value,))
        return _issue(rows[0]) if rows else None

    def _issues(self, sql: str, values: Sequence[Any]) -> list[Issue]:
        return [_issue(row) for row in self.db.rows(sql, values)]


def _marks(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)


def _issue(row: Row) -> Issue:
    return Issue.model_validate_json(row["record"]).with_changes({"id": row["id"]})


def _event(row: Row) -> Event:
    return Event(**{name: row[name] for name in ("at", "who", "what", "text", "version", "link")})


def _member(row: Row) -> CauseMember:
    return CauseMember(row["id"], row["cause"], row["opened_at"], row["band"], -row["urgency"])
