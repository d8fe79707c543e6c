from __future__ import annotations

from issue_samples import NOW, finding, reported

from packager.tracker import intake
from packager.tracker.core.actions import AddComment, AddLabel, Ignore, RemoveLabel, SnoozeFor
from packager.tracker.core.issue import Event
from packager.tracker.core.moments import DAY, HOUR
from packager.tracker.store.selection import Selection
from packager.tracker.store.store import Store
from packager.tracker.store.writer import MAX_POINTS, due_at


def test_a_sparkline_keeps_its_shape_in_few_points(store: Store) -> None:
    with store.write() as writer:
        for number in range(MAX_POINTS * 2):
            one = finding(share=0.1 + (number % 80) / 100, starts_at=NOW + number)
            intake.receive(writer, intake.Report(findings=(one,)), NOW + number)
        points = writer.points([1])[1]
        assert writer.points([]) == {}
    assert MAX_POINTS // 2 <= len(points) <= MAX_POINTS
    assert points[0][0] == NOW
    assert points[-1][0] == NOW + MAX_POINTS * 2 - 1
    assert [at for at, _ in points] == sorted(at for at, _ in points)
    assert points[-1][1] > 0


def test_an_end_is_a_point_of_zero(store: Store) -> None:
    reported(store, finding())
    reported(store, finding(firing=False), now=NOW + 60)
    with store.read() as reader:
        assert [value > 0 for _, value in reader.points([1])[1]] == [True, False]


def test_labels_are_found_while_an_issue_has_them(store: Store) -> None:
    [issue] = reported(store, finding())
    for action, n in (
        (AddLabel(label="x"), 1),
        (AddLabel(label="x"), 1),
        (RemoveLabel(label="x"), 0),
    ):
        with store.write() as writer:
            intake.act(writer, issue.id, action, "ana", NOW)
            assert len(writer.page(Selection(label="x")).issues) == n


def test_a_title_that_a_finding_changes_is_found_by_its_words(store: Store) -> None:
    """No event says so."""
    reported(store, finding(title="an old title"))
    reported(store, finding(title="a zebra"))
    with store.read() as reader:
        assert len(reader.page(Selection(text="zebra")).issues) == 1
        assert reader.page(Selection(text="old")).issues == ()


def test_the_newest_comments_are_found(store: Store) -> None:
    [issue] = reported(store, finding())
    with store.write() as writer:
        for number in range(60):
            intake.act(writer, issue.id, AddComment(text=f"word{number}"), "ana", NOW)
        assert len(writer.page(Selection(text="word59")).issues) == 1
        assert writer.page(Selection(text="word5")).issues  # as a beginning
        assert not writer.page(Selection(text="word0 x")).issues


def test_versions_are_in_the_order_in_which_they_came(store: Store) -> None:
    for number, version in enumerate(["3", "1", "3", "2", ""]):
        reported(store, finding(version=version), now=NOW + number)
    with store.write() as writer:
        writer.saw_version("diamonds", "0", NOW + 9)
        assert writer.versions("diamonds").is_newer("0", "2")
    with store.read() as reader:
        assert reader.version_times("diamonds") == [
            ("3", NOW), ("1", NOW + 1), ("2", NOW + 3), ("0", NOW + 9)
        ]  # fmt: skip


def test_a_message_is_new_once(store: Store) -> None:
    with store.write() as writer:
        assert [writer.is_new("a", NOW), writer.is_new("a", NOW + DAY)] == [True, False]
        writer.forget_deliveries(NOW + 1)
        assert writer.is_new("a", NOW)


def test_what_changes_by_time_alone_is_due(store: Store) -> None:
    [issue] = reported(store, finding())
    for action, at in (
        (SnoozeFor(until=NOW + HOUR), NOW + HOUR),
        (SnoozeFor(until_doubled=True), None),
        (Ignore(reason="x", until=NOW + DAY), NOW + DAY),
        (Ignore(reason="x"), None),
    ):
        with store.write() as writer:
            changed = intake.act(writer, issue.id, action, "ana", NOW)
            assert changed is not None
            assert due_at(changed) == at
            assert len(writer.due(NOW + 2 * DAY)) == (at is not None)


def test_every_due_issue_is_over_after_one_round(store: Store) -> None:
    """A round that changes nothing of an issue would add an event every ten seconds."""
    for subject, action in (
        ("a", SnoozeFor(until=NOW + 60)),
        ("b", Ignore(reason="x", until=NOW + 60)),
    ):
        for firing in (True, False):
            [issue] = reported(store, finding(subject=f"{subject}{firing}"))
            with store.write() as writer:
                intake.act(writer, issue.id, action, "ana", NOW)
            if not firing:
                reported(store, finding(subject=f"{subject}{firing}", firing=False))
    with store.write() as writer:
        first = intake.pass_time(writer, NOW + 61)
        assert {one.subject for one in first} >= {"aTrue", "bTrue", "bFalse"}
        assert intake.pass_time(writer, NOW + 62) == []


def test_histories_merge_in_order_of_time(store: Store) -> None:
    [issue] = reported(store, finding())
    early = Event(at=NOW - 5, who="bo", what="comment", text="early")
    late = Event(at=NOW + 5, who="bo", what="comment", text="late")
    with store.write() as writer:
        writer.merge_events(issue.id, [early, late, late])
        writer.merge_events(issue.id, [early, late, late])
        texts = [one.event.text for one in writer.events(issue.id)]
    assert texts == ["late", "late", "", "early"]
