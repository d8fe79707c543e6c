"""Imports an archive: issues are merged by fingerprint, and importing it again changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from packager.tracker.core.finding import fingerprint
from packager.tracker.core.issue import Event, Issue
from packager.tracker.core.plot import PLOT
from packager.tracker.core.refusals import refusal_of
from packager.tracker.forges.mirror import Mirror
from packager.tracker.store.archive import SCAN
from packager.tracker.store.archive_records import (
    LINE,
    MAX_LINE,
    AuditLine,
    DeliveryLine,
    EndLine,
    EventLine,
    HeadLine,
    IssueLine,
    MirrorLine,
    PlotLine,
    PointLine,
    SettingLine,
    VersionLine,
    ViewLine,
)
from packager.tracker.store.audit import note
from packager.tracker.store.causes import rebuild_causes
from packager.tracker.store.writer import Writer


class ArchiveError(ValueError):
    """The import is no archive, or a part of one; the text names the line."""


class ImportCounts(NamedTuple):
    """The counts of an import."""

    added: int
    changed: int
    same: int


def import_lines(store: Writer, lines: Iterable[bytes]) -> ImportCounts:
    """Merge the lines of an archive into a store, in the transaction of ``store``.

    Of an issue that both have, the record that changed last is kept, and the history of both.
    Raises ``ArchiveError``.
    """
    run = _Import(store)
    number = 0
    for number, line in enumerate(lines, 1):
        try:
            run.take(number, line)
        except ValidationError as error:
            raise ArchiveError(f"line {number}: {refusal_of(error, 'all of it')}") from None
        except ArchiveError as error:
            raise ArchiveError(f"line {number}: {error}") from None
    if not run.ended:
        raise ArchiveError(f"expected an end after line {number}: the file is only a part")
    return run.finish()


class _Import:
    def __init__(self, store: Writer) -> None:
        self._store = store
        self._ids: dict[str, int] = {}
        """Fingerprint → id here."""
        self._moved: dict[int, int] = {}
        """Id in the archive → id here."""
        self._stored: list[int] = []
        """Issues whose record is the archive's."""
        self._counts: Counter[str] = Counter()
        self._events: list[Event] = []
        self._events_of = 0
        self.ended = False
        self._takers: Mapping[type, Callable[[Any], object]] = {
            VersionLine: lambda one: store.saw_version(one.package, one.version, one.first_seen),
            IssueLine: self._issue,
            EventLine: self._event,
            PointLine: self._point,
            PlotLine: self._plot,
            MirrorLine: self._mirror,
            ViewLine: self._view,
            SettingLine: self._setting,
            DeliveryLine: lambda one: store.is_new(one.id, one.at),
            AuditLine: self._audit,
            EndLine: self._end,
        }

    def take(self, number: int, line: bytes) -> None:
        """One line."""
        if len(line) > MAX_LINE:
            raise ArchiveError(f"expected at most {MAX_LINE} bytes")
        if number == 1:
            HeadLine.model_validate_json(line)
            return
        if self.ended:
            raise ArchiveError("expected nothing after the end")
        one = LINE.validate_json(line)
        if not isinstance(one, EventLine) or self._of(one.issue) != self._events_of:
            self._merge_events()
        self._takers[type(one)](one)

    def finish(self) -> ImportCounts:
        """Connect issues with their causes, and index their words."""
        for number in self._stored:
            issue = self._store.issue(number)
            if issue is None:
                raise ArchiveError("expected the issue that was imported")
            cause = self._moved.get(issue.cause, issue.id)
            if cause != issue.cause:
                self._store.restore(issue, issue.with_changes({"cause": cause}))
            self._store.index(issue)
        rebuild_causes(self._store.db)
        return ImportCounts(self._counts["added"], self._counts["changed"], self._counts["same"])

    def _of(self, name: str) -> int:
        if name not in self._ids:
            raise ArchiveError(f"expected the fingerprint of an issue above, got {name[:40]!r}")
        return self._ids[name]

    def _issue(self, one: IssueLine) -> None:
        issue = one.record
        if issue.fingerprint != fingerprint(issue.package, issue.kind, issue.subject):
            raise ArchiveError("record.fingerprint: expected that of package, kind and subject")
        before = self._store.issue_of(issue.fingerprint)
        if before is None:
            stored = self._store.restore(None, issue)
            self._counts["added"] += 1
        elif _age(issue) > _age(before):
            stored = self._store.restore(before, issue.with_changes({"id": before.id}))
            self._counts["changed"] += 1
        else:
            stored = before
            self._counts["same"] += 1
        if stored is not before:
            self._stored.append(stored.id)
        self._ids[issue.fingerprint] = stored.id
        self._moved[issue.id] = stored.id

    def _event(self, one: EventLine) -> None:
        self._events_of = self._of(one.issue)
        self._events.append(Event(**one.model_dump(exclude={"type", "issue"})))

    def _merge_events(self) -> None:
        """Add the events of one issue that it hasn't yet, and keep its history in order of time."""
        if self._events:
            self._store.merge_events(self._events_of, self._events)
        self._events, self._events_of = [], 0

    def _point(self, one: PointLine) -> None:
        sql = "insert into point(issue, at, value) values(?, ?, ?) on conflict do nothing"
        self._store.db.run(sql, (self._of(one.issue), one.at, one.value))

    def _plot(self, one: PlotLine) -> None:
        PLOT.validate_json(one.record)
        sql = (
            "insert into plot(issue, at, record) values(?, ?, ?) on conflict(issue) do update"
            " set at = excluded.at, record = excluded.record where plot.at < excluded.at"
        )
        self._store.db.run(sql, (self._of(one.issue), one.at, one.record))

    def _mirror(self, one: MirrorLine) -> None:
        sql = (
            "insert into mirror(issue, forge, seen, synced_at) values(?, ?, ?, ?)"
            " on conflict do nothing"
        )
        Mirror.model_validate_json(one.seen)
        values = (self._of(one.issue), one.forge, one.seen, one.synced_at)
        self._store.db.run(sql, values)

    def _view(self, one: ViewLine) -> None:
        sql = (
            "insert into saved_view(name, query, who, at) values(?, ?, ?, ?) on conflict do nothing"
        )
        self._store.db.run(sql, (one.name, one.query, one.who, one.at))

    def _setting(self, one: SettingLine) -> None:
        if not one.name.startswith(SCAN):
            raise ArchiveError(f"name: expected a text that begins with {SCAN}")
        known = self._store.setting(one.name)
        if known is None or float(known) < one.value:
            self._store.keep_setting(one.name, repr(one.value))

    def _audit(self, one: AuditLine) -> None:
        sql = "select 1 as found from audit where at = ? and who = ? and what = ? and text = ?"
        if not self._store.db.rows(sql, (one.at, one.who, one.what, one.text)):
            note(self._store, one.at, one.who, one.what, one.text)

    def _end(self, one: EndLine) -> None:
        if one.issues != len(self._ids):
            raise ArchiveError(f"expected {one.issues} issues, got {len(self._ids)}")
        self.ended = True


def _age(issue: Issue) -> tuple[float, int]:
    """A number that grows with each change of an issue."""
    return (max(issue.last_seen, issue.state_since), issue.events)
