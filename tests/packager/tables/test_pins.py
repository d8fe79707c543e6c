"""Versions that packages refer to are kept."""

import pandas as pd
import pytest
from derived_tables import run

from packager.errors import PackageError
from packager.location import Location
from packager.tables.checkout import revert
from packager.tables.delta import VersionedTable
from packager.tables.pins import Pin, pin
from packager.tables.vacuum import vacuum


@pytest.mark.slow
def test_gc_keeps_what_packages_and_derived_tables_name(steps, raw, clean, commit, frame):
    run(steps, clean, [raw])
    for shift in (1, 2, 3):
        commit(frame.assign(x=frame["x"] + shift), location=raw)
    pin(raw, Pin(version=2, needed_by="package shop 1-abc"))
    told = vacuum(raw, 1, [], delete=False)
    assert told.kept == {
        1: ("table clean",),
        2: ("package shop 1-abc",),
        4: ("among the newest",),
    }
    assert len(told.files) == 1
    assert told.size > 0
    assert vacuum(raw, 1, [3], delete=True).files == ()
    assert vacuum(raw, 1, [], delete=True).files == told.files
    store = VersionedTable.open(raw)
    assert [v.number for v in store.versions] == [1, 2, 3, 4]
    for number in (1, 2, 4):
        assert len(pd.concat(list(store.frames(number)))) == 200
    with pytest.raises(PackageError, match="the rows of this version no longer exist"):
        list(store.frames(3))
    with pytest.raises(PackageError, match="no longer exist") as caught:
        revert(Location(raw.uri, 3), "", "me")
    assert caught.value.hint == "they were removed by `package data gc`, or manually"
    assert vacuum(raw, 1, [], delete=True).files == ()
