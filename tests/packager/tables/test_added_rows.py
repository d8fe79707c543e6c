"""The rows that a version adds to an older one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.location import Location
from packager.tables.added_rows import export_added

pytestmark = pytest.mark.slow

Commit = Callable[..., Any]


@pytest.fixture
def two(frame: pd.DataFrame, commit: Commit, place: Location) -> Location:
    """A table whose second version has five more rows, one of them twice, and one fewer."""
    commit(frame)
    more = pd.DataFrame({"id": range(900, 905), "x": 1.5, "c": "new"})
    commit(pd.concat([frame.iloc[1:], more, more.iloc[:1]], ignore_index=True))
    return place


def test_only_the_rows_that_came_are_written(two: Location, tmp_path: Path) -> None:
    file = tmp_path / "added.parquet"
    assert export_added(Location(two.uri, 2), 1, file) == 6
    found = pd.read_parquet(file)
    assert found["id"].tolist() == [900, 901, 902, 903, 904, 900]
    assert list(found.columns) == ["id", "x", "c"]


def test_an_equal_row_counts_as_often_as_it_occurs(
    frame: pd.DataFrame, commit: Commit, place: Location, tmp_path: Path
) -> None:
    commit(frame)
    commit(pd.concat([frame, frame.iloc[:3]], ignore_index=True))
    assert export_added(place, 1, tmp_path / "added.parquet") == 3


def test_versions_in_the_wrong_order_are_refused(two: Location, tmp_path: Path) -> None:
    file = tmp_path / "added.parquet"
    with pytest.raises(UsageError) as raised:
        export_added(Location(two.uri, 1), 2, file)
    assert "expected a later version than 2, got 1" in raised.value.message
    assert not file.exists()
