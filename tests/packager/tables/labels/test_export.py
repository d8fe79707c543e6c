"""A version with the resolved labels of a scheme as its target column."""

from __future__ import annotations

import pandas as pd
import pytest
from labelled_tables import VOTES, declared, labelled, rows

from packager.digest import sha256_file
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.export import disputed_rows, export_labelled, labelled_rows


def exported(location, tmp_path, scheme="quality", target="y"):
    file = tmp_path / "rows.parquet"
    version, trained = export_labelled(location, file, scheme, target)
    return pd.read_parquet(file), version, trained


@pytest.mark.slow
def test_the_target_is_the_resolved_label_of_each_row(parts, tmp_path):
    labelled(parts)
    frame, version, trained = exported(parts, tmp_path)
    assert frame[["id", "x"]].equals(rows())
    assert frame["y"].fillna("none").tolist() == ["good", "none", "bad", "none", "none"]
    assert version.number == 3
    assert (trained.labelled, trained.unresolved, trained.unlabelled) == (2, 1, 2)
    assert trained.scheme.name == "quality"
    first = sha256_file(tmp_path / "rows.parquet")
    exported(parts, tmp_path)
    assert sha256_file(tmp_path / "rows.parquet") == first


@pytest.mark.slow
def test_an_older_version_has_the_labels_that_it_had(parts, tmp_path):
    labelled(parts)
    labelled(parts, [(1, "cy", "bad"), (4, "cy", "bad")], source="2")
    _, _, now = exported(parts, tmp_path)
    assert (now.labelled, now.unresolved) == (4, 0)
    _, version, then = exported(Location(parts.uri, 3), tmp_path)
    assert (version.number, then.labelled, then.unresolved) == (3, 2, 1)


@pytest.mark.parametrize(
    ("classes", "votes", "values"),
    [
        ((0, 1), ["1", "0"], [1, 0]),
        ((False, True), ["true", "false"], [True, False]),
        ((), ["any text", "é"], ["any text", "é"]),
    ],
)
def test_classes_keep_their_type(parts, tmp_path, classes, votes, values):
    declared(parts, LabelScheme(name="other", classes=classes), None)
    labelled(parts, [(row, "ann", vote) for row, vote in enumerate(votes)], "other")
    frame, _, _ = exported(parts, tmp_path, "other")
    assert frame["y"].dropna().tolist() == values


def test_numbers_are_floats(parts, tmp_path):
    declared(parts, LabelScheme(name="size", kind="number", resolve="mean"), None)
    labelled(parts, [(0, "ann", "1"), (0, "bob", "2")], "size")
    frame, _, _ = exported(parts, tmp_path, "size")
    assert frame["y"].tolist()[0] == 1.5


def test_a_target_that_the_table_has_is_refused(parts, tmp_path):
    labelled(parts)
    with pytest.raises(UsageError, match="expected no column 'x'"):
        exported(parts, tmp_path, target="x")
    with pytest.raises(UsageError, match="differ only in case"):
        exported(parts, tmp_path, target="X")


def test_a_scheme_without_labels_trains_nothing(parts, tmp_path):
    with pytest.raises(
        UsageError, match="expected rows with a label of scheme 'quality', got none"
    ):
        exported(parts, tmp_path)
    with pytest.raises(UsageError, match="expected the labelling scheme 'other'"):
        exported(parts, tmp_path, "other")
    with pytest.raises(UsageError, match="expected the labelling scheme 'quality', got none"):
        exported(Location(parts.uri, 1), tmp_path)


def test_disputes_are_of_every_scheme_by_row(parts):
    assert disputed_rows(Location(parts.uri, 1)) == []
    declared(parts, LabelScheme(name="size", kind="number", tolerance=1), None)
    labelled(parts, VOTES)
    labelled(parts, [(3, "ann", "1"), (3, "bob", "5"), (4, "ann", "1"), (4, "bob", "2")], "size")
    found = disputed_rows(parts)
    assert [(one.row, one.scheme) for one in found] == [(1, "quality"), (3, "size")]
    assert found[0].votes == "'bad' (bob), 'good' (ann)"


@pytest.mark.slow
def test_labels_of_rows_that_are_gone_are_counted(parts, commit):
    labelled(parts)
    commit(rows().iloc[2:])
    found = labelled_rows(parts, "quality")
    assert found.elsewhere == 2
    assert [one is not None for one in found.resolved] == [True, False, False]
