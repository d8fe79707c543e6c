from __future__ import annotations

from pathlib import Path

from tracker_pages import NOW, finding

from packager.tracker import intake
from packager.tracker.core.actions import AddLabel, Assign, Resolve
from packager.tracker.core.finding import Report
from packager.tracker.core.moments import DAY
from packager.tracker.store.facets import (
    kinds_in_use,
    labels_in_use,
    owners_in_use,
    recent_points,
)
from packager.tracker.store.sqlite import SqliteStore


def test_values_in_use_are_those_of_open_issues(tmp_path: Path):
    store = SqliteStore(tmp_path / "issues.db")
    with store.write() as writer:
        assert kinds_in_use(writer) == owners_in_use(writer) == labels_in_use(writer) == []
        for place, kind in enumerate(("B", "A", "C", "A")):
            found = finding(kind=kind, subject=str(place))
            intake.receive(writer, Report(findings=(found,)), NOW)
        intake.act(writer, 1, Assign(owner="grace"), "ada", NOW)
        intake.act(writer, 1, AddLabel(label="x"), "ada", NOW)
        intake.act(writer, 3, Assign(owner="linus"), "ada", NOW)
        intake.act(writer, 3, Resolve(), "ada", NOW)
        assert kinds_in_use(writer) == ["A", "B"]
        assert owners_in_use(writer) == ["grace"]
        assert labels_in_use(writer) == ["x"]
    store.close()


def test_points_of_the_last_day_begin_with_the_one_before(tmp_path: Path):
    store = SqliteStore(tmp_path / "issues.db")
    with store.write() as writer:
        for days, share in ((9, 0.1), (5, 0.2), (0.5, 0.3), (0.1, 0.4)):
            found = finding(share=share, certainty=1, starts_at=NOW - 9 * DAY)
            intake.receive(writer, Report(findings=(found,)), NOW - days * DAY)
        found = recent_points(writer, [1, 2], NOW - DAY)
        assert recent_points(writer, [], NOW) == {}
    store.close()
    assert [round(value) for _, value in found[1]] == [12, 18, 24]
    assert found[2] == []
