from __future__ import annotations

from pathlib import Path

from tracker_pages import NOW, finding

from packager.tracker import intake
from packager.tracker.core.finding import Report
from packager.tracker.store.cause_lines import MAX_MEMBERS, cause_summaries
from packager.tracker.store.sqlite import SqliteStore


def test_causes_of_several_open_issues_have_their_most_urgent_ones(tmp_path: Path):
    store = SqliteStore(tmp_path / "issues.db")
    with store.write() as writer:
        for place in range(30):
            found = finding(subject=f"feature=x{place}", share=(place + 1) / 100)
            intake.receive(writer, Report(findings=(found,)), NOW + place)
        alone = finding(kind="TargetDown", subject="package")
        intake.receive(writer, Report(findings=(alone,)), NOW)
    with store.read() as reader:
        found = cause_summaries(reader, [1, 31, 99])
        assert cause_summaries(reader, []) == {}
        leader = reader.issue(30)
    assert leader is not None
    store.close()
    assert list(found) == [1]
    assert (found[1].size, found[1].began) == (30, NOW)
    first = found[1].members[0]
    assert (first.id, first.package, first.family, first.share) == (
        30, "diamonds", "inputs", 0.3,
    )  # fmt: skip
    assert (first.title, first.band, first.priority) == (leader.title, leader.band, leader.priority)
    assert [one.subject for one in found[1].members] == [
        f"feature=x{29 - place}" for place in range(MAX_MEMBERS)
    ]
