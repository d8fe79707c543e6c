import pandas as pd
import pytest
from frame_sources import frame_source

from packager.location import Location
from packager.tables.commit import commit_rows


@pytest.fixture
def frame():
    return pd.DataFrame({"id": range(200), "x": [i / 7 for i in range(200)], "c": ["a", "b"] * 100})


@pytest.fixture
def place(tmp_path):
    """The location of a table that doesn't exist yet."""
    return Location(str(tmp_path / "table"))


@pytest.fixture
def commit(place):
    def commit(frame, message="m", location=None, **options):
        return commit_rows(frame_source(frame), location or place, message, "me", **options)

    return commit
