"""Statements that read issues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from packager.tracker.core.issue import Event, Issue
from packager.tracker.core.versions import Versions
from packager.tracker.store.database import Database, Row
from packager.tracker.store.listing import Listing
from packager.tracker.store.selection import Cursor, IssuePage, Selection

MAX_EVENTS = 200
MAX_DUE = 500
"""Issues of one round of upkeep, so that a round is short; the next round goes on."""


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


class StoreReader:
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
        """A page of a list; one that ends a long search early has few issues and a next page."""
        page = Listing(self.db, query).page(after)
        known = {one.id: one for one in self._issues_of(page.ids)}
        return IssuePage(tuple(known[identifier] for identifier in page.ids), page.next)

    def events(self, issue: int, before: int | None = None) -> list[StoredEvent]:
        """At most ``MAX_EVENTS`` entries of an issue's history, newest first."""
        sql = "select * from event where issue = ? and id < ? order by id desc limit ?"
        rows = self.db.rows(sql, (issue, 2**62 if before is None else before, MAX_EVENTS))
        return [StoredEvent(row["id"], event_of(row)) for row in rows]

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
        points: dict[int, list[tuple[float, float]]] = {issue: [] for issue in issues}
        if issues:
            sql = f"select * from point where issue in ({_marks(issues)}) order by issue, at"
            for row in self.db.rows(sql, issues):
                points[row["issue"]].append((row["at"], row["value"]))
        return points

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

    def observed_as(self, source: str, key: str) -> Issue | None:
        """The issue that a source observes now under a key."""
        sql = (
            "select id, record from issue where id in"
            " (select issue from observation where source = ? and name = ?) order by id limit 1"
        )
        issues = self._issues(sql, (source, f"{source}/{key}"))
        return issues[0] if issues else None

    def oldest_open(self) -> list[tuple[int, float]]:
        """Each band that has open issues, and when its oldest one opened."""
        sql = (
            "select band, min(opened_at) as oldest from issue where active = 1"
            " group by band order by band"
        )
        return [(row["band"], row["oldest"]) for row in self.db.rows(sql)]

    def unobserved(self) -> list[Issue]:
        """Open issues that ended with the last replica of their version."""
        return self._issues("select id, record from issue where unobserved = 1", ())

    def due(self, now: float) -> list[Issue]:
        """Issues that change by time alone: the end of a snooze, of flapping."""
        sql = "select id, record from issue where due_at <= ? order by due_at limit ?"
        return self._issues(sql, (now, MAX_DUE))

    def versions(self, package: str) -> Versions:
        """The versions of a package in the order in which they were first seen."""
        return Versions(self.version_names(package))

    def version_names(self, package: str) -> list[str]:
        """The same as a list."""
        sql = "select version from version where package = ? order by place"
        return [row["version"] for row in self.db.rows(sql, (package,))]

    def version_times(self, package: str) -> list[tuple[str, float]]:
        """Each version of a package, and when it was first seen; in that order."""
        sql = "select version, first_seen from version where package = ? order by place"
        rows = self.db.rows(sql, (package,))
        return [(row["version"], row["first_seen"]) for row in rows]

    def setting(self, name: str) -> str | None:
        """A setting that the service keeps."""
        rows = self.db.rows("select value from setting where name = ?", (name,))
        return rows[0]["value"] if rows else None

    def _issues_of(self, ids: Sequence[int]) -> list[Issue]:
        if not ids:
            return []
        return self._issues(f"select id, record from issue where id in ({_marks(ids)})", ids)

    def _one(self, where: str, value: Any) -> Issue | None:
        rows = self.db.rows(f"select id, record from issue {where}", (value,))
        return _issue(rows[0]) if rows else None

    def _issues(self, sql: str, values: Sequence[Any]) -> list[Issue]:
        return [_issue(row) for row in self.db.rows(sql, values)]


def _marks(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)


def _issue(row: Row) -> Issue:
    return Issue.model_validate_json(row["record"]).with_changes({"id": row["id"]})


def event_of(row: Row) -> Event:
    """The event of a row."""
    names = ("at", "who", "what", "text", "version", "link")
    return Event(**{name: row[name] for name in names}, imported=bool(row["imported"]))
