"""After one comparison, what is open is what Alertmanager has; and when nothing may be over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from example_counts import many
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracked import HOUR, MINUTE, T0

from packager.tracker import intake
from packager.tracker.core.actions import Resolve
from packager.tracker.core.issue import Issue, State
from packager.tracker.service import incoming
from packager.tracker.sources.alertmanager import ALERTMANAGER, ReceivedAlert, finding_of
from packager.tracker.sources.alertmanager_api import AlertmanagerSnapshot
from packager.tracker.sources.reconcile import (
    OpenAlert,
    ServedVersions,
    batches,
    decide_unobserved,
    end_missing,
    end_one,
    known_alerts,
    missing,
    take_held,
)
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.writer import Writer

SETTLED = 5 * MINUTE
_numbers = itertools.count()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    found = SqliteStore(tmp_path_factory.mktemp("issues") / "issues.db")
    yield found
    found.close()


def alert(
    package: str, feature: str, version: str, start: float, firing: bool = True, muted: str = ""
) -> ReceivedAlert:
    labels = {
        "alertname": "FeatureDrift", "model": package, "feature": feature, "version": version,
    }  # fmt: skip
    return ReceivedAlert(
        labels, {}, start, f"{package}/{feature}/{version}", firing=firing, muted=muted
    )


@dataclass
class Source:
    """Alertmanager as far as it matters: what it holds, and the messages that it sends."""

    package: str
    held: dict[tuple[str, str], float] = field(default_factory=dict)
    silenced: set[tuple[str, str]] = field(default_factory=set)
    sent: list[ReceivedAlert] = field(default_factory=list)

    def act(self, what: str, who: tuple[str, str], now: float) -> None:
        if what == "fire" and who not in self.held:
            self.held[who] = now
            self._send(who, now, firing=True)
        elif what == "end" and who in self.held:
            # Nothing is sent, ever, about a silenced alert that ends.
            self._send(who, self.held.pop(who), firing=False)
        elif what == "repeat" and who in self.held:
            self._send(who, self.held[who], firing=True)
        elif what == "silence":
            self.silenced ^= {who}

    def _send(self, who: tuple[str, str], start: float, *, firing: bool) -> None:
        if who not in self.silenced:
            self.sent.append(alert(self.package, *who, start, firing))

    def look(self, now: float, started_at: float = T0 - HOUR) -> AlertmanagerSnapshot:
        found = [
            alert(self.package, *who, start, muted="silenced" if who in self.silenced else "")
            for who, start in self.held.items()
        ]
        return AlertmanagerSnapshot(now, {one.fingerprint: one for one in found}, started_at)


def take_message(
    store: Writer, alerts: list[ReceivedAlert], lives: ServedVersions | None, now: float
) -> None:
    incoming.take_message(store, [finding_of(one) for one in alerts], lives, now)


def known(store: Writer, package: str) -> list[OpenAlert]:
    return [one for one in known_alerts(store.firing(ALERTMANAGER)) if one.package == package]


def compare(store: Writer, source: Source, now: float, lives: ServedVersions | None = None) -> None:
    """What the service does each minute, on a source that does not change meanwhile."""
    before = known(store, source.package)
    look = source.look(now)
    for batch in batches(look.alerts):
        take_held(store, batch, {one.key for one in before}, now)
    end_missing(store, missing(before, [look, look], SETTLED), lives, now)


def issues(store: Writer, package: str) -> list[Issue]:
    rows = store.db.rows("select id from issue where package = ?", (package,))
    return [one for row in rows if (one := store.issue(row["id"])) is not None]


WHO = st.tuples(st.sampled_from(["carat", "depth", "table"]), st.sampled_from(["1", "2"]))
STEP = st.tuples(
    st.sampled_from(["fire", "fire", "end", "repeat", "silence"]), WHO, st.floats(1, 1200)
)


@pytest.mark.slow
@given(
    steps=st.lists(STEP, max_size=20),
    fates=st.lists(st.integers(0, 3), min_size=60, max_size=60),
    order=st.randoms(use_true_random=False),
    compared=st.sets(st.integers(0, 19), max_size=3),
)
@settings(max_examples=many(50), deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_whatever_gets_lost_doubled_or_late_one_comparison_makes_it_right(
    store: SqliteStore,
    steps: list[tuple[str, tuple[str, str], float]],
    fates: list[int],
    order: Random,
    compared: set[int],
) -> None:
    source = Source(f"shop-{next(_numbers)}")
    now, late = T0, []
    with store.write() as writer:
        for number, (what, who, pause) in enumerate(steps):
            now += pause
            source.act(what, who, now)
            for message in source.sent:
                # Lost, delivered, delivered twice, or delivered at some later time.
                fate = fates[number]
                late += [message] if fate == 3 else []
                take_message(writer, [message] * (fate if fate < 3 else 0), None, now)
            source.sent.clear()
            if late and number % 3 == 0:
                order.shuffle(late)
                take_message(writer, [late.pop()], None, now)
            if number in compared:
                compare(writer, source, now)
        order.shuffle(late)
        take_message(writer, late, None, now)
        compare(writer, source, now + MINUTE)
        found = issues(writer, source.package)
        expected = {f"{source.package}/{feature}/{version}" for feature, version in source.held}
        assert {one.key for one in known(writer, source.package)} == expected
        for issue in found:
            # Open if Alertmanager has it; one that flaps stays open until it is quiet.
            assert (issue.state is State.OPEN) == (issue.firing or issue.flapping)
            silenced = {
                f"{ALERTMANAGER}/{source.package}/{feature}/{version}"
                for feature, version in source.silenced
            }
            assert bool(issue.muted) == (issue.firing and set(issue.active) <= silenced)
        events = sum(one.events for one in found)
        compare(writer, source, now + 2 * MINUTE)
        assert sum(one.events for one in issues(writer, source.package)) == events


@pytest.fixture
def source() -> Source:
    return Source(f"shop-{next(_numbers)}")


def test_nothing_is_over_that_one_look_has(store: SqliteStore, source: Source) -> None:
    source.act("fire", ("carat", "1"), T0)
    there = source.look(T0)
    source.held.clear()
    gone = source.look(T0)
    one = [OpenAlert(1, f"{source.package}/carat/1", T0, source.package, "1")]
    assert missing(one, [gone, there], SETTLED) == []
    assert missing(one, [there, gone], SETTLED) == []
    assert missing(one, [gone, gone], SETTLED) == one


def test_nothing_is_over_while_a_replica_has_just_started(source: Source) -> None:
    one = [OpenAlert(1, "a", T0, source.package, "1")]
    young = source.look(T0, started_at=T0 - SETTLED + 1)
    assert missing(one, [young, young], SETTLED) == []
    assert missing(one, [source.look(T0, started_at=T0 - SETTLED)], SETTLED) == one


def test_a_message_that_came_after_the_look_is_newer(store: SqliteStore, source: Source) -> None:
    carat = ("carat", "1")
    source.act("fire", carat, T0)
    with store.write() as writer:
        compare(writer, source, T0 + 1)
        before = known(writer, source.package)
        look = source.look(T0 + 10)
        source.act("end", carat, T0 + 11)
        take_message(writer, [source.sent[-1]], None, T0 + 11)
        for batch in batches(look.alerts):
            take_held(writer, batch, {one.key for one in before}, T0 + 12)
        (issue,) = issues(writer, source.package)
        assert issue.state is State.RESOLVED
        # Another episode began since the looks that missed the first one.
        source.act("fire", carat, T0 + 20)
        take_message(writer, [source.sent[-1]], None, T0 + 20)
        end_missing(writer, before, None, T0 + 21)
        (issue,) = issues(writer, source.package)
        assert issue.state is State.OPEN


def test_a_renamed_rule_ends_the_old_issue(store: SqliteStore, source: Source) -> None:
    source.act("fire", ("carat", "1"), T0)
    with store.write() as writer:
        compare(writer, source, T0 + 1)
        source.held = {("depth", "1"): T0}
        compare(writer, source, T0 + 60)
        old, new = sorted(issues(writer, source.package), key=lambda one: one.subject)
        assert (old.state, new.state) == (State.RESOLVED, State.OPEN)
        last = writer.events(old.id)[0].event
        assert last.text == "Alertmanager no longer has the alert"


def test_a_persons_resolution_outlasts_comparisons_for_a_day(
    store: SqliteStore, source: Source
) -> None:
    source.act("fire", ("carat", "1"), T0)
    with store.write() as writer:
        compare(writer, source, T0)
        (issue,) = issues(writer, source.package)
        intake.act(writer, issue.id, Resolve(), "Ann", T0 + MINUTE)
        for minutes in (2, 60, 24 * 60):
            compare(writer, source, T0 + minutes * MINUTE)
            assert issues(writer, source.package)[0].state is State.RESOLVED
        compare(writer, source, T0 + 25 * HOUR)
        assert issues(writer, source.package)[0].state is State.OPEN


# The last replica of a version ended.


def lives(package: str, *running: str, lately: tuple[str, ...] = ("1", "2")) -> ServedVersions:
    return ServedVersions(
        frozenset((package, one) for one in running),
        frozenset((package, one) for one in {*lately, *running}),
    )


@pytest.mark.parametrize("by", ["webhook", "comparison"])
def test_an_alert_that_ends_with_its_version_waits_for_the_next_one(
    store: SqliteStore, source: Source, by: str
) -> None:
    carat, alive = ("carat", "1"), lives(source.package, "2")
    source.act("fire", carat, T0)
    with store.write() as writer:
        compare(writer, source, T0)
        source.act("end", carat, T0 + HOUR)
        if by == "webhook":
            take_message(writer, source.sent[-1:], alive, T0 + HOUR)
        else:
            compare(writer, source, T0 + HOUR, alive)
        (issue,) = issues(writer, source.package)
        assert (issue.state, issue.unobserved) == (State.OPEN, True)
        text = "not observed any more: the last replica of 1 ended"
        assert writer.events(issue.id)[0].event.text == text
        assert decide_unobserved(writer, frozenset(), T0 + HOUR) == []
        assert decide_unobserved(writer, {("another", "2")}, T0 + HOUR) == []
        (issue,) = decide_unobserved(writer, {(source.package, "2")}, T0 + 2 * HOUR)
        assert (issue.state, issue.resolved_in) == (State.RESOLVED, "2")
        text = "not seen in the first hour of 2"
        assert writer.events(issue.id)[0].event.text == text


def test_the_next_version_with_the_alert_keeps_the_issue(
    store: SqliteStore, source: Source
) -> None:
    source.act("fire", ("carat", "1"), T0)
    with store.write() as writer:
        compare(writer, source, T0)
        source.act("end", ("carat", "1"), T0 + HOUR)
        source.act("fire", ("carat", "2"), T0 + HOUR)
        compare(writer, source, T0 + HOUR, lives(source.package, "2"))
        (issue,) = issues(writer, source.package)
        assert (issue.state, issue.unobserved, issue.regressions) == (State.OPEN, False, 0)
        assert decide_unobserved(writer, {(source.package, "2")}, T0 + 3 * HOUR) == []


@pytest.mark.parametrize(
    "alive",
    [None, lambda package: lives(package, "1", "2"), lambda package: lives(package, lately=())],
    ids=["without Prometheus", "it runs", "Prometheus never saw it"],
)
def test_otherwise_the_end_of_an_alert_is_its_end(
    store: SqliteStore, source: Source, alive: object
) -> None:
    seen = alive(source.package) if callable(alive) else None
    source.act("fire", ("carat", "1"), T0)
    with store.write() as writer:
        compare(writer, source, T0)
        source.act("end", ("carat", "1"), T0 + HOUR)
        end_one(writer, finding_of(source.sent[-1]), seen, T0 + HOUR)
        assert issues(writer, source.package)[0].state is State.RESOLVED


def test_the_version_that_decides_is_the_newest_that_runs(
    store: SqliteStore, source: Source
) -> None:
    source.act("fire", ("carat", "1"), T0)
    with store.write() as writer:
        compare(writer, source, T0)
        source.act("end", ("carat", "1"), T0 + HOUR)
        for version in ("10", "9"):
            writer.saw_version(source.package, version, T0)
        compare(writer, source, T0 + HOUR, lives(source.package, "9", "10"))
        complete = {(source.package, "10"), (source.package, "9")}
        (issue,) = decide_unobserved(writer, complete, T0 + 2 * HOUR)
        assert issue.resolved_in == "9"
