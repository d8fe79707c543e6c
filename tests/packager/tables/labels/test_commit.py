"""Labels become versions of their table: whole, revertible, and refused by row if wrong."""

from __future__ import annotations

import pytest
from labelled_tables import BY, QUALITY, VOTES, WHEN, declared, given_labels, labelled, rows

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.tables.checkout import revert
from packager.tables.delta import VersionedTable
from packager.tables.errors import ConflictError
from packager.tables.labels import commit as labels_commit
from packager.tables.labels.commit import add_labels, declare_scheme
from packager.tables.labels.store import FOLDER, read_labels

pytestmark = pytest.mark.slow


def stored(location, number=None):
    store = VersionedTable.open(location)
    return read_labels(location, store.version(number))


def triples(labels):
    frame = labels.frame[["key", "annotator", "label"]]
    return sorted(frame.itertuples(index=False, name=None))


def as_stored(votes):
    return sorted((str(key), annotator, label) for key, annotator, label in votes)


def state(location):
    return sorted(path.name for path in (location.path / FOLDER).iterdir()), [
        version.number for version in VersionedTable.open(location).versions
    ]


def test_labels_are_a_version_with_the_rows_of_the_one_before(parts):
    added = labelled(parts, VOTES, selection_probability=0.25, labelled_at=WHEN)
    assert (added.version.number, added.added, added.unchanged) == (3, 5, False)
    store = VersionedTable.open(parts)
    assert [version.operation for version in store.versions] == ["add", "label", "label"]
    assert store.sizes(3) == store.sizes(1)
    assert store.version(3).fingerprint == store.version(1).fingerprint
    assert store.version(3).labels.sources[0].sha256 == "1" * 64
    assert store.version(1).labels is None
    found = stored(parts)
    assert triples(found) == as_stored(VOTES)
    assert set(found.frame["selection_probability"]) == {0.25}
    assert set(found.frame["labelled_at"]) == {WHEN}
    assert set(found.frame["source"]) == {"1" * 64}


def test_later_rows_keep_labels_and_a_revert_restores_those_of_its_version(parts, commit):
    labelled(parts)
    commit(rows(7))
    assert triples(stored(parts, 4)) == as_stored(VOTES)
    labelled(parts, [(6, "ann", "bad")], source="2")
    assert len(stored(parts).frame) == 6
    revert(Location(parts.uri, 3), "", "me")
    assert triples(stored(parts)) == as_stored(VOTES)
    revert(Location(parts.uri, 1), "", "me")
    assert stored(parts) is None


def test_versions_with_other_labels_alone_are_skipped_in_a_comparison_of_rows(parts, commit):
    labelled(parts)
    store = VersionedTable.open(parts)
    assert store.before(store.version(3)) is None
    commit(rows(7))
    labelled(parts, [(6, "ann", "bad")], source="2")
    store = VersionedTable.open(parts)
    assert store.before(store.version(5)).number == 3
    assert store.version(3).fingerprint == store.version(1).fingerprint


def test_the_same_file_again_changes_nothing(parts):
    labelled(parts)
    before = state(parts)
    again = labelled(parts)
    assert (again.unchanged, again.added, again.repeated) == (True, 0, 5)
    assert state(parts) == before


def test_several_schemes_and_annotators_are_side_by_side(parts):
    declared(parts, LabelScheme(name="size", kind="number", min=0, max=9), None)
    labelled(parts)
    labelled(parts, [(0, "ann", "3"), (0, "cy", "4.5")], "size")
    found = stored(parts)
    assert [scheme.name for scheme in found.schemes] == ["quality", "size"]
    assert triples(stored(parts))[:2] == [("0", "ann", "3.0"), ("0", "ann", "good")]
    assert found.of("size")["label"].tolist() == ["3.0", "4.5"]


def test_rows_are_found_by_their_hash_too(parts):
    hashes = [f"{value:016x}" for value in row_hashes(rows()).tolist()]
    add_labels(parts, "quality", given_labels([(hashes[3], "ann", "bad")], ()), BY)
    assert triples(stored(parts)) == [("3", "ann", "bad")]


def test_without_a_key_the_row_hash_identifies_rows(place, commit):
    commit(rows())
    declared(place, key=None)
    hashes = [f"{value:016x}" for value in row_hashes(rows()).tolist()]
    labelled(place, [(1, "ann", "good")])
    labelled(place, [(hashes[2], "ann", "bad")], key=(), source="2")
    assert triples(stored(place)) == sorted([(hashes[1], "ann", "good"), (hashes[2], "ann", "bad")])


REFUSED = {
    "unknown rows": (
        [*VOTES, (77, "ann", "bad"), ("x", "bob", "bad")],
        r"expected rows of .*table@2, got 2 labels of other rows: line 7: id '77'; line 8: id 'x'",
    ),
    "labels of no class": (
        [(0, "ann", "goood"), (1, "ann", "bad")],
        r"labels of scheme 'quality': line 2: expected 'bad', 'good', got 'goood'",
    ),
    "a file that contradicts itself": (
        [(0, "ann", "good"), (0, "ann", "bad")],
        r"labels.csv: .* line 3: 'bad' by 'ann' for row 0, line 2 says 'good'",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_labels_are_refused_by_line_and_nothing_is_written(parts, what):
    votes, message = REFUSED[what]
    before = (
        sorted(path.name for path in (parts.path / FOLDER).iterdir()),
        len(VersionedTable.open(parts).versions),
    )
    with pytest.raises(UsageError, match=message):
        labelled(parts, votes)
    after = (
        sorted(path.name for path in (parts.path / FOLDER).iterdir()),
        len(VersionedTable.open(parts).versions),
    )
    assert after == before


def test_another_label_of_the_same_annotator_needs_consent(parts):
    labelled(parts)
    votes = [(0, "ann", "bad"), (0, "cy", "bad")]
    with pytest.raises(UsageError, match=r"line 2: 'bad' by 'ann' for row 0, stored is 'good'"):
        labelled(parts, votes, source="2")
    added = add_labels(parts, "quality", given_labels(votes, source="2"), BY, replaces=True)
    assert (added.added, added.replaced) == (1, 1)
    assert ("0", "ann", "bad") in triples(stored(parts))
    assert ("0", "ann", "good") in triples(stored(parts, 3))


def test_a_key_that_names_several_rows_is_refused(parts, commit, place):
    commit(rows().assign(id=[0, 1, 1, 2, 3]))
    with pytest.raises(UsageError, match="expected 'id' to identify one row, got 2 rows with 1"):
        labelled(parts, [(1, "ann", "good")])
    assert labelled(parts, [(2, "ann", "good")]).added == 1


@pytest.mark.parametrize(
    ("frame", "key", "message"),
    [
        (rows().assign(id=0), ["id"], "expected 'id' to identify one row, got 5 rows with 0"),
        (rows().assign(id=None), ["id"], "got nulls in 5"),
        (rows(), ["other"], "expected the key column 'other', got none"),
        (rows(), ["id", "id"], "expected every key column once"),
    ],
)
def test_a_key_that_identifies_no_row_is_refused(place, commit, frame, key, message):
    commit(frame.astype({"id": "str"}) if frame["id"].isna().any() else frame)
    with pytest.raises(UsageError, match=message):
        declare_scheme(place, QUALITY, key, BY)


def test_a_scheme_changes_as_long_as_it_holds_what_is_stored(parts):
    labelled(parts)
    wider = LabelScheme(name="quality", classes=("bad", "good", "best"))
    version, new = declare_scheme(parts, wider, None, BY)
    assert new
    assert stored(parts).schemes == (wider,)
    assert stored(parts, version.number - 1).schemes == (QUALITY,)
    assert declare_scheme(parts, wider, None, BY) == (version, False)
    with pytest.raises(UsageError, match="got no place for 'bad'"):
        declare_scheme(parts, LabelScheme(name="quality", classes=("good", "best")), None, BY)
    with pytest.raises(UsageError, match=r"expected the key of the table's other schemes, 'id'"):
        declare_scheme(parts, wider, ["x"], BY)


def test_an_unknown_scheme_is_refused_with_the_command_that_declares_it(parts):
    with pytest.raises(
        UsageError, match="expected the labelling scheme 'other', got none"
    ) as error:
        labelled(parts, scheme="other")
    assert "package data labels declare" in error.value.hint


def test_a_commit_that_fails_leaves_no_file(parts, monkeypatch):
    before = state(parts)

    def conflict(*_args, **_more):
        raise ConflictError("another writer", "")

    monkeypatch.setattr(VersionedTable, "commit", conflict)
    monkeypatch.setattr("packager.tables.errors.time.sleep", lambda _seconds: None)
    with pytest.raises(ConflictError):
        labelled(parts)
    assert state(parts) == before


def test_labels_of_two_writers_are_both_kept(parts, monkeypatch):
    real, calls = labels_commit.write_labels, []

    def overtaken(location, labels):
        if not calls:
            calls.append(1)
            labelled(parts, [(3, "cy", "bad")], source="2")
        return real(location, labels)

    monkeypatch.setattr(labels_commit, "write_labels", overtaken)
    assert labelled(parts).added == 5
    assert triples(stored(parts)) == as_stored([*VOTES, (3, "cy", "bad")])
