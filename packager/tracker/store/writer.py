"""Statements that change issues; each call belongs to one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from packager.tracker.core.cause import cause_of
from packager.tracker.core.clearing import may_go_quiet
from packager.tracker.core.issue import ACTIVE, Event, Issue, Transition
from packager.tracker.core.versions import Versions
from packager.tracker.store.causes import keep_causes, near_causes
from packager.tracker.store.database import Database
from packager.tracker.store.reader import StoreReader, event_of
from packager.tracker.store.words import MAX_INDEXED, words_of

NEXT_ID = "(select coalesce(max(id), 0) + 1 from {})"
"""The id of a new row. Transactions that write follow one another, so it is free."""
MAX_WANTED = 10**9
MAX_SEARCHED_COMMENTS = 50
"""The newest comments are found by their words."""
MAX_POINTS = 200
"""Points of a sparkline; beyond it every second one of the older half is dropped."""
_KNOWN_PACKAGE = "select 1 as found from tally where package = ? limit 1"
_COLUMNS = (
    *("fingerprint", "package", "kind", "family", "subject", "owner", "state"),
    *("active", "unobserved", "band", "urgency", "opened_at", "state_since", "due_at", "cause"),
    *("leads", "record"),
)


class Writer(StoreReader):
    """Reads and writes in one transaction."""

    def __init__(self, connection: Database) -> None:
        super().__init__(connection)
        self.time_scale = 1
        """By what times are divided after which issues flap or are quiet: that of the rules."""
        self._versions: dict[str, dict[str, None]] = {}
        """Package → its versions in order, as far as this transaction asked."""
        self.added: Counter[str] = Counter()
        """``issues``, ``packages``, ``versions`` → the number that this transaction added."""

    def store(self, before: Issue | None, change: Transition) -> Issue:
        """Keep an issue after a change; ``before``: as it was read in this transaction.

        Returns it with its id and cause.
        """
        issue = change.issue.with_changes({"events": change.issue.events + len(change.events)})
        if before is None:
            issue = issue.with_changes({"id": self._insert(issue)})
            issue = issue.with_changes({"cause": issue.id})
        if issue.state in ACTIVE and (before is None or before.opened_at != issue.opened_at):
            issue = issue.with_changes({"cause": cause_of(issue, near_causes(self.db, issue))})
        self._update(before, issue)
        for event in change.events:
            self.add_event(issue.id, event)
        self._count(before, issue)
        keep_causes(self.db, before, issue)
        self._keep_labels(before, issue)
        self._keep_observations(before, issue)
        self._keep_point(before, issue)
        if before is None or before.title != issue.title or _has_comment(change):
            self.index(issue)
        return issue

    def restore(self, before: Issue | None, issue: Issue) -> Issue:
        """Keep a record of another store, as far as it is not shared with other issues.

        Its history, words and cause are the caller's.
        """
        if before is None:
            issue = issue.with_changes({"id": self._insert(issue, issue.id)})
        self._update(before, issue)
        self._count(before, issue)
        self._keep_labels(before, issue)
        self._keep_observations(before, issue)
        return issue

    def merge_events(self, issue: int, events: Sequence[Event]) -> None:
        """Add those of ``events`` that an issue hasn't yet, as imported ones.

        Its history stays in order of time.
        """
        sql = "select * from event where issue = ? order by id"
        known = [event_of(row) for row in self.db.rows(sql, (issue,))]
        counts = Counter(one.model_copy(update={"imported": False}) for one in known)
        new = []
        for event in (one.model_copy(update={"imported": False}) for one in events):
            counts[event] -= 1
            if counts[event] < 0:
                new.append(event.model_copy(update={"imported": True}))
        if known and new and new[0].at < known[-1].at:
            self.db.run("delete from event where issue = ?", (issue,))
            new = sorted([*known, *new], key=lambda event: event.at)
        for event in new:
            self.add_event(issue, event)

    def add_event(self, issue: int, event: Event) -> None:
        """Add an entry to an issue's history."""
        self.db.run(
            "insert into event(id, issue, at, who, what, text, version, link, imported)"
            f" values({NEXT_ID.format('event')}, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(issue, event.at, event.who, event.what, event.text, event.version, event.link),
                int(event.imported),
            ),
        )

    def is_new(self, delivery: str, now: float) -> bool:
        """Whether a message comes for the first time; it is remembered."""
        sql = "insert into delivery(id, at) values(?, ?) on conflict(id) do nothing"
        return self.db.run(sql, (delivery, now)) == 1

    def forget_deliveries(self, before: float) -> None:
        """Forget the ids of messages that came before a time."""
        self.db.run("delete from delivery where at < ?", (before,))

    def saw_version(self, package: str, version: str, now: float) -> None:
        """Remember a version, and its place in the order."""
        known = self._known_versions(package)
        if version and version not in known:
            sql = "insert into version(package, version, place, first_seen) values(?, ?, ?, ?)"
            self.db.run(sql, (package, version, len(known) + 1, now))
            known[version] = None
            self.added["versions"] += 1

    def versions(self, package: str) -> Versions:
        """The versions of a package in the order in which they were first seen."""
        return Versions(list(self._known_versions(package)))

    def _known_versions(self, package: str) -> dict[str, None]:
        if package not in self._versions:
            self._versions[package] = dict.fromkeys(self.version_names(package))
        return self._versions[package]

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a setting of the service."""
        sql = (
            "insert into setting(name, value) values(?, ?)"
            " on conflict(name) do update set value = excluded.value"
        )
        self.db.run(sql, (name, value))

    def _insert(self, issue: Issue, preferred: int = 0) -> int:
        """Add a row; its id is ``preferred`` if that is set and free."""
        names = ", ".join(("id", *_COLUMNS))
        marks = ", ".join("?" for _ in _COLUMNS)
        free = 0 < preferred <= MAX_WANTED and self.issue(preferred) is None
        number = str(int(preferred)) if free else NEXT_ID.format("issue")
        if not self.db.rows(_KNOWN_PACKAGE, (issue.package,)):
            self.added["packages"] += 1
        self.added["issues"] += 1
        sql = f"insert into issue({names}) values({number}, {marks}) returning id"
        identifier: int = self.db.rows(sql, _values(issue))[0]["id"]
        return identifier

    def _update(self, before: Issue | None, issue: Issue) -> None:
        """Change the columns whose values are others, so that their indexes alone change."""
        old = (None,) * len(_COLUMNS) if before is None else _values(before)
        changed = [
            (name, value)
            for name, was, value in zip(_COLUMNS, old, _values(issue), strict=True)
            if name != "leads" and value != was
        ]
        if changed:
            sql = f"update issue set {', '.join(f'{name} = ?' for name, _ in changed)} where id = ?"
            self.db.run(sql, (*(value for _, value in changed), issue.id))

    def _count(self, before: Issue | None, issue: Issue) -> None:
        """Keep the numbers of issues by package, state and band."""
        old = None if before is None else (before.package, before.state.value, before.band)
        new = (issue.package, issue.state.value, issue.band)
        if old == new:
            return
        sql = (
            "insert into tally(package, state, band, n) values(?, ?, ?, ?)"
            " on conflict(package, state, band) do update set n = tally.n + excluded.n"
        )
        self.db.run(sql, (*new, 1))
        if old is not None:
            self.db.run(sql, (*old, -1))

    def _keep_labels(self, before: Issue | None, issue: Issue) -> None:
        old = frozenset(before.labels if before is not None else ())
        for name in old - frozenset(issue.labels):
            self.db.run("delete from label where issue = ? and name = ?", (issue.id, name))
        for name in frozenset(issue.labels) - old:
            self.db.run("insert into label(issue, name) values(?, ?)", (issue.id, name))

    def _keep_observations(self, before: Issue | None, issue: Issue) -> None:
        old = {} if before is None else {name: one.scope for name, one in before.active.items()}
        new = {name: one.scope for name, one in issue.active.items()}
        for name in [name for name, scope in old.items() if new.get(name) != scope]:
            sql = "delete from observation where issue = ? and name = ?"
            self.db.run(sql, (issue.id, name))
        for name in [name for name, scope in new.items() if old.get(name) != scope]:
            sql = (
                "insert into observation(issue, name, source, scope, package) values(?, ?, ?, ?, ?)"
            )
            one = issue.active[name]
            self.db.run(sql, (issue.id, name, one.source, one.scope, issue.package))

    def _keep_point(self, before: Issue | None, issue: Issue) -> None:
        """A point of the sparkline whenever the priority changes."""
        value = issue.priority if issue.firing else 0.0
        old = None if before is None else (before.priority if before.firing else 0.0)
        if value == old:
            return
        sql = (
            "insert into point(issue, at, value) values(?, ?, ?)"
            " on conflict(issue, at) do update set value = excluded.value"
        )
        at = issue.last_seen if issue.firing or issue.cleared_at is None else issue.cleared_at
        self.db.run(sql, (issue.id, at, value))
        n = self.db.rows("select count(*) as n from point where issue = ?", (issue.id,))[0]["n"]
        if n > MAX_POINTS:
            sql = "select at from point where issue = ? order by at"
            for row in self.db.rows(sql, (issue.id,))[1 : MAX_POINTS // 2 : 2]:
                self.db.run("delete from point where issue = ? and at = ?", (issue.id, row["at"]))

    def index(self, issue: Issue) -> None:
        """Make the issue be found by its texts and newest comments."""
        sql = "select text from event where issue = ? and what = 'comment' order by id desc limit ?"
        rows = self.db.rows(sql, (issue.id, MAX_SEARCHED_COMMENTS))
        texts = (issue.title, issue.kind, issue.subject, issue.package)
        words = words_of("\n".join((*texts, *(row["text"] for row in rows))))
        self.db.index_words(issue.id, words[:MAX_INDEXED])


def _has_comment(change: Transition) -> bool:
    return any(event.what == "comment" for event in change.events)


def due_at(issue: Issue) -> float | None:
    """When the issue changes by time alone."""
    times = [
        *([issue.snooze.until] if issue.snooze is not None else []),
        *([issue.ignored.until] if issue.ignored is not None else []),
    ]
    if issue.flapping and issue.cleared_at is not None and may_go_quiet(issue):
        times.append(issue.cleared_at + issue.quiet_seconds)
    return min((one for one in times if one is not None), default=None)


def _values(issue: Issue) -> tuple[object, ...]:
    return (
        *(issue.fingerprint, issue.package, issue.kind, issue.family, issue.subject),
        *(issue.owner, issue.state.value),
        *(int(issue.state in ACTIVE), int(issue.unobserved), issue.band, -issue.priority),
        *(issue.opened_at, issue.state_since, due_at(issue), issue.cause, 0),
        issue.model_dump_json(),
    )
