"""Since when a source does not answer."""

from __future__ import annotations

from pathlib import Path

from tracked import T0

from packager.tracker.sources.source_health import (
    SourceHealth,
    forget_failure,
    health_of,
    note_failure,
    note_success,
)
from packager.tracker.store.sqlite import SqliteStore


def test_since_when_and_how_it_fails(tmp_path: Path) -> None:
    kept = SqliteStore(tmp_path / "issues.db")
    with kept.write() as store:
        assert health_of(store, "alertmanager") == SourceHealth(None, None, "")
        note_success(store, "alertmanager", T0)
        for later in (10, 70):
            note_failure(store, "alertmanager", T0 + later, f"away {later}\0{'x' * 5000}")
        found = health_of(store, "alertmanager")
        assert (found.done_at, found.failed_since) == (T0, T0 + 10)
        assert found.error.startswith("away 70\N{REPLACEMENT CHARACTER}x")
        assert len(found.error) == 2000
        assert health_of(store, "prometheus") == SourceHealth(None, None, "")
        note_success(store, "alertmanager", T0 + 130)
        assert health_of(store, "alertmanager") == SourceHealth(T0 + 130, None, "")
        note_failure(store, "prometheus", T0, "away")
        forget_failure(store, "prometheus")
        assert health_of(store, "prometheus") == SourceHealth(None, None, "")
    kept.close()
