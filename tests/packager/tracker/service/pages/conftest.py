from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tracker_pages import TrackerSite


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[TrackerSite]:
    """A site that nobody is logged in to."""
    made = TrackerSite(tmp_path)
    yield made
    made.close()


@pytest.fixture
def site(stranger: TrackerSite) -> TrackerSite:
    """A site that ``ada`` is logged in to."""
    stranger.log_in()
    return stranger
