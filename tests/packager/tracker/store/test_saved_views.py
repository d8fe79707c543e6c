from __future__ import annotations

from pathlib import Path

import pytest

from packager.tracker.store.saved_views import (
    MAX_VIEWS,
    SavedView,
    TooManyViewsError,
    remove_view,
    save_view,
    saved_views,
)
from packager.tracker.store.sqlite import SqliteStore


def test_views_are_kept_by_name_and_bounded(tmp_path: Path):
    store = SqliteStore(tmp_path / "issues.db")
    with store.write() as writer:
        save_view(writer, SavedView("b", "band=P1", "ada"), 1)
        save_view(writer, SavedView("a", "band=P2", "ada"), 1)
        save_view(writer, SavedView("b", "band=P3", "grace"), 2)
        assert saved_views(writer) == [
            SavedView("a", "band=P2", "ada"),
            SavedView("b", "band=P3", "grace"),
        ]
        assert remove_view(writer, "a")
        assert not remove_view(writer, "a")
        for place in range(MAX_VIEWS - 1):
            save_view(writer, SavedView(str(place), "", "ada"), 1)
        save_view(writer, SavedView("b", "", "ada"), 1)
        with pytest.raises(TooManyViewsError, match="at most 200"):
            save_view(writer, SavedView("one more", "", "ada"), 1)
    store.close()
