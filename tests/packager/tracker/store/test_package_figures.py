from __future__ import annotations

from pathlib import Path

from tracker_pages import NOW, finding

from packager.tracker import intake
from packager.tracker.core.actions import Resolve
from packager.tracker.core.finding import Report
from packager.tracker.store.package_figures import time_to_resolve
from packager.tracker.store.sqlite import SqliteStore


def test_the_median_is_of_resolved_issues_of_the_package(tmp_path: Path):
    store = SqliteStore(tmp_path / "issues.db")
    with store.write() as writer:
        assert time_to_resolve(writer, "diamonds") is None
        for place, lasted in enumerate((10, 20, 90)):
            found = finding(kind=f"Kind{place}")
            intake.receive(writer, Report(findings=(found,)), NOW)
            intake.act(writer, place + 1, Resolve(), "ada", NOW + lasted)
        assert time_to_resolve(writer, "diamonds") == (20, 3)
        assert time_to_resolve(writer, "other") is None
    store.close()
