"""Statements that change issues; each call belongs to one transaction."""

from __future__ import annotations

from packager.tracker.core.cause import cause_of, leader_of
from packager.tracker.core.clearing import QUIET_SECONDS
from packager.tracker.core.issue import ACTIVE, Event, Issue, Transition
from packager.tracker.store.reader import Reader

MAX_POINTS = 200
"""Points of a sparkline; beyond it every second one of the older half is dropped."""
_COLUMNS = (
    *("fingerprint", "package", "kind", "family", "subject", "owner", "state"),
    *("active", "unobserved", "band", "urgency", "opened_at", "state_since", "due_at", "cause"),
    *("leads", "record"),
)


class Writer(Reader):
    """Reads and writes in one transaction."""

    def store(self, before: Issue | None, change: Transition) -> Issue:
        """Keep an issue after a change; ``before``: as it was read in this transaction.

        Returns it with its id and cause.
        """
        issue = change.issue.with_changes({"events": change.issue.events + len(change.events)})
        if before is None:
            issue = self._insert(issue)
        if issue.state in ACTIVE and (before is None or before.opened_at != issue.opened_at):
            members = self.members(issue.package, issue.family)
            issue = issue.with_changes({"cause": cause_of(issue, members)})
        self._update(issue)
        for event in change.events:
            self.add_event(issue.id, event)
        self._count(before, issue)
        self._lead(before, issue)
        self._keep_labels(before, issue)
        self._keep_observations(before, issue)
        self._keep_point(before, issue)
        if change.events or before is None:
            self._index(before, issue, change)
        return issue

    def add_event(self, issue: int, event: Event) -> None:
        """Add an entry to an issue's history."""
        self.db.run(
            "insert into event(issue, at, who, what, text, version, link)"
            " values(?, ?, ?, ?, ?, ?, ?)",
            (issue, event.at, event.who, event.what, event.text, event.version, event.link),
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
        if version:
            sql = (
                "insert into version(package, version, place, first_seen) values(?, ?,"
                " (select coalesce(max(place), 0) + 1 from version where package = ?), ?)"
                " on conflict(package, version) do nothing"
            )
            self.db.run(sql, (package, version, package, now))

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a setting of the service."""
        sql = (
            "insert into setting(name, value) values(?, ?)"
            " on conflict(name) do update set value = excluded.value"
        )
        self.db.run(sql, (name, value))

    def _insert(self, issue: Issue) -> Issue:
        names = ", ".join(_COLUMNS)
        marks = ", ".join("?" for _ in _COLUMNS)
        sql = f"insert into issue({names}) values({marks}) returning id"
        number = self.db.rows(sql, _values(issue))[0]["id"]
        return issue.with_changes({"id": number, "cause": number})

    def _update(self, issue: Issue) -> None:
        names = [name for name in _COLUMNS if name != "leads"]
        values = [value for name, value in zip(_COLUMNS, _values(issue), strict=True)
                  if name != "leads"]  # fmt: skip
        changes = ", ".join(f"{name} = ?" for name in names)
        self.db.run(f"update issue set {changes} where id = ?", (*values, issue.id))

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

    def _lead(self, before: Issue | None, issue: Issue) -> None:
        """Mark the issue that leads each cause that this change touches."""
        for cause in {issue.cause, before.cause if before is not None else issue.cause}:
            members = self.members_of(cause)
            leader = leader_of(members) if members else 0
            sql = "update issue set leads = 0 where cause = ? and leads = 1 and id <> ?"
            self.db.run(sql, (cause, leader))
            self.db.run("update issue set leads = 1 where id = ? and leads = 0", (leader,))

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
        times = self.db.rows("select at from point where issue = ? order by at", (issue.id,))
        if len(times) > MAX_POINTS:
            for row in times[1 : MAX_POINTS // 2 : 2]:
                self.db.run("delete from point where issue = ? and at = ?", (issue.id, row["at"]))

    def _index(self, before: Issue | None, issue: Issue, change: Transition) -> None:
        """Make the issue be found by its texts and comments."""
        says = any(event.what == "comment" for event in change.events)
        if before is not None and before.title == issue.title and not says:
            return
        sql = "select text from event where issue = ? and what = 'comment' order by id"
        comments = [row["text"] for row in self.db.rows(sql, (issue.id,))]
        texts = (issue.title, issue.kind, issue.subject, issue.package, *comments)
        self.db.index_text(issue.id, "\n".join(texts))


def due_at(issue: Issue) -> float | None:
    """When the issue changes by time alone."""
    times = [
        *([issue.snooze.until] if issue.snooze is not None else []),
        *([issue.ignored.until] if issue.ignored is not None else []),
    ]
    if issue.flapping and issue.cleared_at is not None and not issue.firing:
        times.append(issue.cleared_at + QUIET_SECONDS)
    return min((one for one in times if one is not None), default=None)


def _values(issue: Issue) -> tuple[object, ...]:
    return (
        *(issue.fingerprint, issue.package, issue.kind, issue.family, issue.subject),
        *(issue.owner, issue.state.value),
        *(int(issue.state in ACTIVE), int(issue.unobserved), issue.band, -issue.priority),
        *(issue.opened_at, issue.state_since, due_at(issue), issue.cause, 0),
        issue.model_dump_json(),
    )
