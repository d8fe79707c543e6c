"""A scheme mapped to another, as a derived table."""

from __future__ import annotations

import pytest
from labelled_tables import BY, QUALITY, VOTES, labelled, rows

from packager.errors import UsageError
from packager.labelling.derived_labels import derive_labels
from packager.labelling.mapping import MapStep, map_step, read_mapping
from packager.labelling.overview import labels_of
from packager.location import Location
from packager.progress import NullProgress
from packager.review.apply_table import apply_to_table
from packager.review.verdicts import verdict_of
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.delta import VersionedTable
from packager.tables.derive import derive, stale
from packager.tables.pins import pins

pytestmark = pytest.mark.slow


def mapped(parts, tmp_path, text="bad,reject\ngood,accept\n", output=None):
    file = tmp_path / "map.csv"
    file.write_text(f"from,to\n{text}")
    step = map_step(parts, "quality", "verdict", file)
    return derive_labels(parts, step, output, BY, NullProgress())


def stale_now(place):
    latest = VersionedTable.open(place).latest
    return stale(place, latest, AllowedLocations.of(place))


def test_a_mapped_scheme_is_a_derived_table_with_the_labels_of_every_annotator(parts, tmp_path):
    made, found = mapped(parts, tmp_path)
    assert (made.uri, made.version) == (f"{parts.uri}.verdict", 1)
    assert found.outcome == "computed"
    scheme, labels = labels_of(Location(made.uri), "verdict")
    assert scheme.texts == ("reject", "accept")
    assert len(labels.frame) == len(VOTES)
    votes = set(labels.frame[["key", "annotator", "label"]].itertuples(index=False, name=None))
    assert ("1", "bob", "reject") in votes
    derived = VersionedTable.open(Location(made.uri)).latest.derived
    assert derived.step == "labels map"
    assert derived.params == {"from": "quality", "to": "verdict"}
    assert derived.parents[0].version == 3
    assert [pin.version for pin in pins(parts)] == [3]
    assert mapped(parts, tmp_path)[1].outcome == "unchanged"


def test_it_is_stale_once_the_labels_change(parts, tmp_path):
    made, _ = mapped(parts, tmp_path)
    place = Location(made.uri)
    assert stale_now(place) == []
    labelled(parts, [(4, "ann", "bad")], source="2")
    assert "is at version 4; this table was derived from version 3" in stale_now(place)[0]
    assert mapped(parts, tmp_path)[1].outcome == "computed"
    assert stale_now(place) == []


def test_labels_without_a_mapping_are_refused_by_name_and_nothing_is_made(parts, tmp_path):
    with pytest.raises(UsageError, match=r"expected a line for every label .* got none for 'good'"):
        mapped(parts, tmp_path, "bad,reject\n")
    assert not VersionedTable.exists(Location(f"{parts.uri}.verdict"))
    with pytest.raises(UsageError, match="expected classes of scheme 'quality', got 'best'"):
        mapped(parts, tmp_path, "bad,reject\ngood,accept\nbest,accept\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nx,y\n", "expected a column 'from'"),
        ("from,to\n", "expected a mapping, got no lines"),
        ("from,to\na,x\na,y\n", "line 3: expected one label for 'a', got 'x' and 'y'"),
        ("from,to\na,\n", "line 2: expected two labels, got 'a' and ''"),
    ],
)
def test_a_mapping_is_from_many_to_one(tmp_path, text, message):
    file = tmp_path / "map.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_mapping(file)


def test_rows_that_verdicts_corrected_keep_their_labels(parts, monkeypatch, tmp_path):
    from packager.data.fingerprint import row_hashes

    monkeypatch.chdir(tmp_path)
    drop = f"{int(row_hashes(rows())[0]):016x}"
    verdict = verdict_of({"row_hash": drop, "verdict": "drop"}, "test")
    made, _ = apply_to_table(parts, [verdict], None, "me", NullProgress(), lambda _: None)
    _, labels = labels_of(Location(made.uri), "quality")
    assert len(labels.frame) == len(VOTES)
    labelled(parts, [(4, "ann", "bad")], source="2")
    assert "derived from version 3" in stale_now(Location(made.uri))[0]


def test_what_does_not_read_labels_is_not_stale_once_they_change(parts, tmp_path):
    class Copy(MapStep):
        reads_labels = False

    place = Location(f"{parts.uri}.copy")
    step = Copy(parts, "quality", QUALITY, {})
    derive(place, [parts], step, BY, tmp_path, NullProgress())
    assert VersionedTable.open(place).latest.labels is None
    labelled(parts, [(4, "ann", "bad")], source="2")
    assert stale_now(place) == []
    assert derive(place, [parts], step, BY, tmp_path, NullProgress()).outcome == "unchanged"
