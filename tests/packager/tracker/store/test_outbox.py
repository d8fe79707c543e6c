from __future__ import annotations

import pytest
from issue_samples import NOW, finding, reported

from packager.tracker import intake
from packager.tracker.core.actions import AddComment, AddLabel
from packager.tracker.store import outbox
from packager.tracker.store.outbox import keep_position, last_event, position, untold
from packager.tracker.store.store import Store


def test_a_new_channel_has_no_position_and_keeps_its_own(store: Store) -> None:
    with store.write() as writer:
        assert position(writer, "mail") is None
        assert last_event(writer) == 0
        keep_position(writer, "mail", 7)
        keep_position(writer, "webhook", 3)
        keep_position(writer, "mail", 8)
        assert (position(writer, "mail"), position(writer, "webhook")) == (8, 3)


def test_what_is_told_is_in_order_and_without_comments_and_labels(store: Store) -> None:
    reported(store, finding(subject="feature=a"))
    with store.write() as writer:
        intake.act(writer, 1, AddComment(text="hm"), "ana", NOW)
        intake.act(writer, 1, AddLabel(label="units"), "ana", NOW)
    reported(store, finding(subject="feature=a", firing=False))
    with store.read() as reader:
        found = untold(reader, 0)
        assert [event.what for _, event, _ in found] == ["opened", "resolved"]
        assert [issue.state.value for _, _, issue in found] == ["resolved", "resolved"]
        ids = [number for number, _, _ in found]
        assert ids == sorted(ids)
        assert ids[-1] == last_event(reader)
        assert [number for number, _, _ in untold(reader, ids[0])] == ids[1:]
        assert untold(reader, ids[-1]) == []


def test_many_events_come_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MAX_AT_ONCE", 2)
    reported(store, *(finding(subject=f"feature=f{n}") for n in range(5)))
    told: list[str] = []
    after = 0
    with store.read() as reader:
        while found := untold(reader, after):
            assert len(found) <= 2
            told += [issue.subject for _, _, issue in found]
            after = found[-1][0]
    assert told == [f"feature=f{n}" for n in range(5)]
