"""A version exported as a plain Parquet file, and reverting to an older one."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.data.fingerprint import fingerprint
from packager.data.frames import read
from packager.errors import UsageError
from packager.location import Location
from packager.tables.checkout import export, revert
from packager.tables.delta import VersionedTable

pytestmark = pytest.mark.slow


def test_an_export_has_the_rows_of_its_version_and_equal_bytes_each_time(
    tmp_path, place, commit, frame
):
    commit(frame)
    commit(frame.assign(x=0.0))
    made = export(Location(place.uri, 1), tmp_path / "one.parquet")
    assert made.number == 1
    assert fingerprint(read(tmp_path / "one.parquet")) == made.fingerprint.model_copy(
        update={"files": ()}
    )
    export(Location(place.uri, 1), tmp_path / "again.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    assert export(place, tmp_path / "new.parquet").number == 2
    assert (read(tmp_path / "new.parquet")["x"] == 0).all()


@pytest.mark.parametrize("name", ["rows.csv", "rows"])
def test_an_export_is_parquet_and_nothing_else(tmp_path, place, commit, frame, name):
    commit(frame)
    with pytest.raises(UsageError, match=r"expected a name that ends in \.parquet"):
        export(place, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_going_back_appends_a_version_and_loses_none(place, commit, frame):
    commit(frame)
    commit(frame.assign(x=0.0))
    back = revert(Location(place.uri, 1), "", "me")
    assert (back.number, back.operation, back.reverted_to, back.message) == (
        3,
        "revert",
        1,
        "reverted to version 1",
    )
    store = VersionedTable.open(place)
    assert [version.number for version in store.versions] == [1, 2, 3]
    rows = [pd.concat(list(store.frames(number))).reset_index(drop=True) for number in (1, 3)]
    pd.testing.assert_frame_equal(rows[0], rows[1])


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "expected a version to revert to"),
        (1, "this is the version that the table is at"),
        (9, "expected one of its versions, got 9"),
    ],
)
def test_there_is_nothing_to_go_back_to(place, commit, frame, version, message):
    commit(frame)
    with pytest.raises(UsageError, match=message):
        revert(Location(place.uri, version), "", "me")
    assert len(VersionedTable.open(place).versions) == 1
