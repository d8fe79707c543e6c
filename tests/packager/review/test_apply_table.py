"""Applying verdicts to a table gives a derived table: in lineage, revertible, computed once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from frame_sources import frame_source
from pyarrow import parquet

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.location import Location
from packager.progress import NullProgress
from packager.review.apply_table import apply_to_table
from packager.review.verdicts import Verdict
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.checkout import revert
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.derive import stale
from packager.tables.lineage import lineage, lineage_text
from packager.tables.source import open_source

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame({"name": ["ann", "bob", "bob", "cid"], "size": [1.5, 2.0, 2.0, -999.0]})


@pytest.fixture
def raw(tmp_path):
    location = Location(str(tmp_path / "raw"))
    commit_rows(frame_source(FRAME), location, "m", "me")
    return location


@pytest.fixture
def told():
    return []


@pytest.fixture
def apply(told):
    def apply(location, *verdicts, output=None):
        return apply_to_table(location, verdicts, output, "me", NullProgress(), told.append)

    return apply


def verdict(row, decision, frame=FRAME, **more):
    return Verdict(row_hash=f"{int(row_hashes(frame)[row]):016x}", verdict=decision, **more)


def rows(location):
    return pd.concat(
        list(VersionedTable.open(location).frames(location.version)), ignore_index=True
    )


ONCE = verdict(1, "dedupe")
FIX = verdict(3, "fix", column="size", value="9.5")


def test_the_result_is_a_derived_version_that_knows_its_source(raw, apply, told):
    made, found = apply(raw, ONCE, FIX, verdict(0, "keep"))
    assert (made.name, made.version, found.outcome) == ("raw.clean", 1, "computed")
    assert rows(made)["size"].tolist() == [1.5, 2.0, 9.5]
    derived = found.version.derived
    assert (derived.step, derived.params) == ("verdicts", {"fix": 1, "dedupe": 1})
    assert [(p.table, p.version) for p in derived.parents] == [("../raw", 1)]
    assert lineage_text(lineage(raw)).splitlines() == ["raw@1", "└─ raw.clean@1  ← verdicts"]
    assert [(c.dropped, len(c.cells)) for c in told] == [(1, 1)]


def test_verdicts_that_were_applied_to_the_same_rows_compute_nothing(raw, apply, told):
    made, _ = apply(raw, ONCE, FIX)
    again, found = apply(made, FIX, ONCE, verdict(0, "keep"))
    assert (again, found.outcome) == (made, "unchanged")
    without, found = apply(raw, FIX)
    assert (without.version, found.outcome, len(rows(without))) == (2, "computed", 4)
    back, found = apply(raw, FIX, ONCE)
    assert (back.version, found.outcome, len(rows(back))) == (3, "reverted", 3)
    assert len(told) == 2
    clean = Location(back.uri)
    revert(Location(clean.uri, 2), "", "me")
    assert len(rows(clean)) == 4


def test_a_source_that_goes_back_makes_the_result_stale(raw, apply):
    commit_rows(frame_source(FRAME.iloc[:3]), raw, "fewer", "me")
    made, found = apply(raw, ONCE)
    assert stale(made, found.version, AllowedLocations.of(made)) == []
    revert(Location(raw.uri, 1), "", "me")
    assert (
        "raw is at version 3; this table was derived from version 2"
        in stale(made, found.version, AllowedLocations.of(made))[0]
    )
    # A version that is named keeps its parent; without one the latest is taken.
    assert apply(made, ONCE)[1].outcome == "unchanged"
    now, found = apply(Location(made.uri), ONCE)
    assert (len(rows(now)), stale(now, found.version, AllowedLocations.of(now))) == (3, [])
    assert rows(now)["name"].tolist() == ["ann", "bob", "cid"]


def test_types_stay_what_they_were(tmp_path, apply):
    table = pa.table(
        {
            "i": pa.array([1, None, 2**62 + 1]),
            "s": pa.array([1, 2, 3], pa.int16()),
            "d": pa.array([dt.date(2024, 1, 1)] * 3),
            "n": pa.array([Decimal("1.10")] * 3, pa.decimal128(9, 2)),
            "t": pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
            "b": [True, False, None],
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    place = Location(str(tmp_path / "t"))
    commit_rows(open_source(tmp_path / "t.parquet"), place, "m", "me")
    frame = rows(place)
    new = {"i": "7", "s": "4", "d": "2024-02-03", "n": "2.25", "t": "2024-02-03 00:00Z", "b": ""}
    fixes = [verdict(0, "fix", frame, column=name, value=text) for name, text in new.items()]
    made, _ = apply(place, *fixes)
    stored = pa.concat_tables(list(VersionedTable.open(made).tables()))
    assert stored.schema.types == VersionedTable.open(place).schema().types
    assert stored.slice(0, 1).to_pylist() == [
        {
            "i": 7,
            "s": 4,
            "d": dt.date(2024, 2, 3),
            "n": Decimal("2.25"),
            "t": dt.datetime(2024, 2, 3, tzinfo=dt.UTC),
            "b": None,
        }
    ]
    assert stored["i"].to_pylist()[1:] == [None, 2**62 + 1]


def test_a_value_that_does_not_fit_commits_nothing(raw, apply, tmp_path):
    with pytest.raises(UsageError, match="expected a value for column 'size'"):
        apply(raw, verdict(0, "fix", column="size", value="large"))
    assert not VersionedTable.exists(Location(str(tmp_path / "raw.clean")))
    with pytest.raises(UsageError, match="expected a column of the data, got 'weight'"):
        apply(raw, verdict(0, "fix", column="weight", value="1"))
    assert apply(raw, FIX, output=Location(str(tmp_path / "x")))[0].name == "x"
