"""Unneeded versions are deleted; needed ones are kept, with the reason."""

from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.tables.delta import VersionedTable
from packager.tables.vacuum import vacuum


@pytest.fixture
def three(commit, frame, place):
    """A table with three versions of other rows each."""
    for shift in range(3):
        commit(frame.assign(x=frame["x"] + shift))
    return place


@pytest.mark.slow
def test_nothing_is_removed_unless_it_is_said(three):
    told = vacuum(three, 1, [], delete=False)
    assert len(told.files) == 2
    assert told.size > 0
    store = VersionedTable.open(three)
    assert all(store.has_rows(number) for number in (1, 2, 3))
    assert vacuum(three, 1, [], delete=True) == told
    store = VersionedTable.open(three)
    assert [store.has_rows(number) for number in (1, 2, 3)] == [False, False, True]
    assert [version.number for version in store.versions] == [1, 2, 3]


def test_what_stays_has_its_reasons(three):
    told = vacuum(three, 2, [1, 3], delete=False)
    assert told.files == ()
    assert told.kept == {
        1: ("requested",),
        2: ("among the newest",),
        3: ("among the newest", "requested"),
    }


@pytest.mark.parametrize("newest", [0, -1])
def test_the_latest_version_always_stays(three, newest):
    with pytest.raises(UsageError, match=f"expected at least 1 version, got {newest}"):
        vacuum(three, newest, [], delete=True)


def test_a_version_to_keep_has_to_be_there(three):
    with pytest.raises(UsageError, match="expected one of its versions, got 9"):
        vacuum(three, 1, [9], delete=True)
    assert VersionedTable.open(three).has_rows(1)
