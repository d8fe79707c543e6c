from __future__ import annotations

from collections import Counter

import pytest
from issue_samples import NOW, finding, reported

from packager.tracker import intake
from packager.tracker.core.actions import AddComment
from packager.tracker.core.moments import DAY, HOUR
from packager.tracker.store.event_retention import MAX_EVENT_AGE, thin_events
from packager.tracker.store.store import Store

START = NOW // DAY * DAY


def kinds(store: Store) -> Counter[tuple[int, str]]:
    """Day and kind of all events."""
    with store.read() as reader:
        rows = reader.db.rows("select at, what from event")
    return Counter((int((row["at"] - START) // DAY), row["what"]) for row in rows)


@pytest.mark.slow
def test_old_events_of_sources_are_one_of_a_kind_and_day(store: Store) -> None:
    [issue] = reported(store, finding(starts_at=START), now=START)
    for hour in range(1, 60):
        at = START + hour * HOUR
        firing = hour % 2 == 0
        with store.write() as writer:
            one = finding(starts_at=at if firing else at - HOUR, firing=firing)
            intake.receive(writer, intake.Report(findings=(one,)), at)
            intake.act(writer, issue.id, AddComment(text=f"{hour}"), "ana", at)
    before = kinds(store)
    assert before[0, "regressed"] + before[0, "resolved"] + before[0, "cleared"] > 3

    def thinned(now: float) -> bool:
        with store.write() as writer:
            return thin_events(writer, now)

    assert not thinned(START + MAX_EVENT_AGE + DAY - 1)
    assert kinds(store) == before
    assert thinned(START + MAX_EVENT_AGE + DAY)
    assert not thinned(START + MAX_EVENT_AGE + DAY)
    after = kinds(store)
    for (day, what), n in after.items():
        kept = before[day, what] if day or what in {"comment", "opened"} else 1
        assert n == kept, (day, what)
    assert thinned(START + MAX_EVENT_AGE + 9 * DAY)  # a day of each call
    assert thinned(START + MAX_EVENT_AGE + 9 * DAY)
    assert max(n for (_, what), n in kinds(store).items() if what != "comment") == 1
    assert sum(n for (_, what), n in kinds(store).items() if what == "comment") == 59


def test_a_store_without_events(store: Store) -> None:
    with store.write() as writer:
        assert not thin_events(writer, NOW)
