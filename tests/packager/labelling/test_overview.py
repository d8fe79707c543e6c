"""Schemes, counts and coverage; labels as rows."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from labelled_tables import BY, VOTES, declared, labelled, rows

from packager.errors import UsageError
from packager.labelling.csv_labels import LabelColumns
from packager.labelling.label_files import add_file
from packager.labelling.overview import labels_of, overviews, plain_rows, resolved_labels, write_csv
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme

pytestmark = pytest.mark.slow


def test_coverage_counts_rows_by_what_their_annotators_say(parts):
    version, (found,) = overviews(parts)
    assert version == 3
    assert found.annotators == {"ann": 3, "bob": 2}
    assert found.counts == {"good": 1, "bad": 1}
    assert (found.rows, found.labelled, found.unresolved, found.disputed) == (5, 2, 1, 1)
    assert overviews(Location(parts.uri, 1)) == (1, ())


def test_resolved_labels_have_the_position_of_their_row(parts):
    _, found = resolved_labels(parts, None)
    shown = plain_rows(found, 2)
    assert shown == [
        {"id": "0", "row": 0, "label": "good", "annotators": 2, "disputed": False,
         "selection_probability": None},
        {"id": "1", "row": 1, "label": None, "annotators": 2, "disputed": True,
         "selection_probability": None},
    ]  # fmt: skip


def test_a_file_for_a_test_has_the_target_of_resolved_rows_alone(parts, tmp_path):
    _, found = resolved_labels(parts, None)
    write_csv(found, tmp_path / "plain.csv", "y")
    plain = pd.read_csv(tmp_path / "plain.csv")
    assert plain[["id", "y"]].to_dict("list") == {"id": [0, 2], "y": ["good", "bad"]}
    assert "selection_probability" not in plain.columns
    chosen = replace(found, frame=found.frame.assign(selection_probability=0.5))
    write_csv(chosen, tmp_path / "chosen.csv", "y")
    assert set(pd.read_csv(tmp_path / "chosen.csv")["selection_probability"]) == {0.5}


def test_a_row_has_one_selection_probability_or_none(parts, tmp_path):
    labelled(parts, [(0, "cy", "good")], source="2", selection_probability=0.5)
    labelled(parts, [(0, "di", "good")], source="3", selection_probability=0.5)
    _, found = resolved_labels(parts, None)
    assert plain_rows(found, 1)[0]["selection_probability"] == 0.5
    with pytest.raises(UsageError, match="got none or several for 1 of 2 rows, the first: 2"):
        write_csv(found, tmp_path / "labels.csv", "y")
    assert not (tmp_path / "labels.csv").exists()
    labelled(parts, [(0, "ed", "good")], source="4", selection_probability=0.25)
    _, several = resolved_labels(parts, None)
    assert plain_rows(several, 1)[0]["selection_probability"] is None


def test_what_is_written_can_be_added_again(place, commit, tmp_path):
    commit(rows().assign(day="=a,b"))
    declared(place, key=["id", "day"])
    votes = [((row, "=a,b"), f"@{who}", label) for row, who, label in VOTES]
    labelled(place, votes, key=("id", "day"), selection_probability=0.5)
    _, found = labels_of(place, "quality")
    file = tmp_path / "labels.csv"
    write_csv(found, file)
    assert pd.read_csv(file).columns.tolist()[:2] == ["id", "day"]
    assert set(pd.read_csv(file)["day"]) == {"'=a,b"}
    other = LabelScheme(name="copy", classes=("bad", "good"))
    declared(place, other, None)
    added, _ = add_file(place, file, "copy", LabelColumns(), BY)
    assert added.added == len(VOTES)
    _, again = labels_of(place, "copy")
    kept = ["key", "annotator", "label", "selection_probability"]
    assert again.frame[kept].equals(found.frame[kept])
