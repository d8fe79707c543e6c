"""What new rows are compared with: rows that are named, or the previous version of a table."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.location import Location
from packager.progress import NullProgress
from packager.tables.checkout import revert
from packager.tables.previous import compared_version, load_previous, load_rows
from packager.tables.vacuum import vacuum

pytestmark = pytest.mark.slow


class Warnings(NullProgress):
    """Keeps what was warned of."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warn(self, text: str) -> None:
        self.told.append(text)


def test_rows_are_named_by_a_file_or_a_version_of_a_table(tmp_path, place, commit, frame):
    frame.to_csv(tmp_path / "rows.csv", index=False)
    commit(frame)
    commit(frame[:5])
    for text, rows in ((str(tmp_path / "rows.csv"), 200), (place.uri, 5), (f"{place.uri}@1", 200)):
        found = load_rows(text)
        assert (found.name, len(found.rows), found.accepted) == (text, rows, False)


def test_the_previous_version_is_compared_and_requested(place, commit, frame):
    commit(frame)
    assert load_previous(place, NullProgress()) is None
    assert compared_version(place) is None
    commit(frame.assign(x=0.0))
    found = load_previous(place, NullProgress())
    assert (len(found.rows), found.accepted) == (200, True)
    assert found.name.endswith("@1")
    pd.testing.assert_series_equal(found.rows["x"], frame["x"])
    assert load_previous(Location(place.uri, 1), NullProgress()) is None


def test_a_revert_is_compared_with_what_came_before_its_content(place, commit, frame):
    commit(frame)
    commit(frame.assign(x=0.0))
    revert(Location(place.uri, 1), "", "me")
    assert compared_version(place) is None


def test_rows_that_were_removed_are_warned_of(place, commit, frame):
    for shift in (0, 1):
        commit(frame.assign(x=frame["x"] + shift))
    vacuum(place, 1, [], delete=True)
    heard = Warnings()
    assert load_previous(place, heard) is None
    assert [text.partition(": ")[2] for text in heard.told] == [
        "its rows were removed, so nothing is compared with it"
    ]
    assert compared_version(place) is None
