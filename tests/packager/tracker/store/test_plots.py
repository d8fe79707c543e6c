from __future__ import annotations

from pathlib import Path

from tracker_pages import NOW, finding

from packager.tracker import intake
from packager.tracker.core.finding import Report
from packager.tracker.store.plots import plot_of
from packager.tracker.store.sqlite import SqliteStore

PLOT = {"plot": "bins", "title": "t", "bins": ["a"], "reference": [1], "live": [0.5]}


def test_the_last_plot_of_an_issue_is_kept(tmp_path: Path):
    store = SqliteStore(tmp_path / "issues.db")
    with store.write() as writer:
        for live in (0.5, 0.25):
            found = finding(plot={**PLOT, "live": [live]})
            intake.receive(writer, Report(findings=(found,)), NOW)
        intake.receive(writer, Report(findings=(finding(),)), NOW + 60)
    with store.read() as reader:
        kept = plot_of(reader, 1)
        assert kept is not None
        assert (kept.plot.live, kept.at) == ((0.25,), NOW)  # type: ignore[union-attr]
        assert plot_of(reader, 2) is None
    store.close()
