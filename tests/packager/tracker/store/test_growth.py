"""Work that does not grow with the store, counted in steps of SQLite's machine, not in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from issue_samples import NOW, finding, report

from packager.tracker import intake
from packager.tracker.core.actions import AddLabel, Resolve
from packager.tracker.core.moments import HOUR, MINUTE
from packager.tracker.store.cause_lines import cause_summaries
from packager.tracker.store.database import Database
from packager.tracker.store.selection import Selection
from packager.tracker.store.sqlite import SqliteStore

SMALL, LARGE = 60, 600
MAX_RATIO = 2.0
"""Work in proportion to the store would be ten times; indexes of ten times the rows are deeper."""


def filled(path: Path, issues: int) -> SqliteStore:
    """Open issues of one family within an hour (one cause), and as many that are over."""
    store = SqliteStore(path)
    with store.write() as writer:
        for number in range(issues):
            at = NOW + HOUR / 2 * number / issues
            for state in ("open", "over"):
                one = finding(subject=f"feature={state}{number}", share=0.1 + number / 1e4)
                [issue] = report(writer, one, now=at)
                if number % 2:
                    intake.act(writer, issue.id, AddLabel(label="data"), "ana", at)
                if state == "over":
                    intake.act(writer, issue.id, Resolve(), "ana", at)
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> list[SqliteStore]:
    folder = tmp_path_factory.mktemp("growth")
    return [filled(folder / f"{number}.db", number) for number in (SMALL, LARGE)]


def steps(connection: Database, function: Callable[[], object]) -> int:
    """Steps of SQLite's machine while ``function`` runs."""
    n = 0

    def count() -> int:
        nonlocal n
        n += 1
        return 0

    raw = connection.raw  # type: ignore[attr-defined]
    raw.set_progress_handler(count, 10)
    function()
    raw.set_progress_handler(None, 0)
    return n


def ratio(stores: list[SqliteStore], function: Callable[[Any], object], *, write: bool) -> float:
    counted = []
    for store in stores:
        with store.write() if write else store.read() as one:
            counted.append(steps(one.db, lambda one=one: function(one)))  # type: ignore[misc]
    return counted[1] / max(counted[0], 1)


SELECTIONS: list[dict[str, Any]] = [
    {}, {"folded": True}, {"states": ()}, {"order": "recent"},
    {"states": ("resolved",), "order": "recent"}, {"states": (), "bands": (2, 3)},
    {"package": "diamonds"}, {"package": "diamonds", "states": (), "order": "recent"},
    {"kind": "FeatureDrift", "states": ()}, {"owner": ""}, {"owner": "nobody"}, {"cause": 1},
    {"text": "nothing"}, {"text": "feature open5"}, {"label": "nothing"},
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("given", SELECTIONS, ids=str)
def test_a_page(stores: list[SqliteStore], given: dict[str, Any]) -> None:
    query = Selection.model_validate({"limit": 10, **given})
    assert ratio(stores, lambda reader: reader.page(query), write=False) < MAX_RATIO


@pytest.mark.slow
def test_a_page_of_a_label_that_many_issues_have(
    stores: list[SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    from packager.tracker.store import listing

    monkeypatch.setattr(listing, "MAX_MATCHES", 20)
    query = Selection(limit=10, label="data", states=())
    assert ratio(stores, lambda reader: reader.page(query), write=False) < MAX_RATIO


@pytest.mark.slow
def test_a_new_issue_of_a_large_cause(stores: list[SqliteStore]) -> None:
    def add(writer: Any) -> None:
        [issue] = report(writer, finding(subject="feature=new", share=0.9), now=NOW + 31 * MINUTE)
        assert issue.cause == 1

    assert ratio(stores, add, write=True) < MAX_RATIO


@pytest.mark.slow
def test_the_end_of_the_issue_that_leads_a_large_cause(stores: list[SqliteStore]) -> None:
    def end(writer: Any) -> None:
        [led] = writer.db.rows("select leader from cause")
        intake.act(writer, led["leader"], Resolve(), "ana", NOW + HOUR)
        [now] = writer.db.rows("select leader from cause")
        assert now != led

    assert ratio(stores, end, write=True) < MAX_RATIO


@pytest.mark.slow
def test_a_repeated_finding_changes_the_record_alone(stores: list[SqliteStore]) -> None:
    def again(writer: Any) -> None:
        report(writer, finding(subject="feature=open3", share=0.1 + 3 / 1e4), now=NOW + HOUR)

    assert ratio(stores, again, write=True) < MAX_RATIO


@pytest.mark.slow
def test_sizes_of_causes_and_numbers_for_metrics(stores: list[SqliteStore]) -> None:
    def read(one: Any) -> object:
        return cause_summaries(one, [1]), one.tallies()

    assert ratio(stores, read, write=False) < MAX_RATIO
