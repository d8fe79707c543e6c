"""The labels of a file, added to a table."""

from __future__ import annotations

import json

import pytest
from labelled_tables import BY

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.labelling.csv_labels import LabelColumns
from packager.labelling.label_files import add_file
from packager.tables.delta import VersionedTable


def added(parts, tmp_path, name, text, **columns):
    file = tmp_path / name
    file.write_text(text)
    return add_file(parts, file, None, LabelColumns(**columns), BY)


@pytest.mark.slow
def test_both_formats_give_the_same_labels(parts, tmp_path):
    store = VersionedTable.open(parts)
    frame = next(block for block in store.frames(1) if len(block))
    hashes = [f"{value:016x}" for value in row_hashes(frame).tolist()]
    first, given = added(
        parts, tmp_path, "a.csv",
        f"row_hash,label,annotator,selection_probability\n{hashes[4]},good,cy,0.25\n",
    )  # fmt: skip
    assert (first.added, first.scheme) == (1, "quality")
    assert first.version.labels.sources == (given.source,)
    answer = {"from_name": "q", "type": "choices", "value": {"choices": ["good"]}}
    task = {
        "id": 9,
        "data": {},
        "meta": {"row_hash": hashes[4], "selection_probability": 0.25},
        "annotations": [{"completed_by": "cy", "result": [answer]}],
    }
    again, _ = added(parts, tmp_path, "b.json", json.dumps([task]))
    assert again.unchanged


def test_the_version_says_who_labelled_unless_a_message_is_given(parts, tmp_path):
    text = "id,label,annotator\n4,good,cy\n3,bad,di\n"
    file = tmp_path / "march.csv"
    file.write_text(text)
    from dataclasses import replace

    made, _ = add_file(parts, file, None, LabelColumns(), replace(BY, message=""))
    assert made.version.message == "quality: labels by cy, di, from march.csv"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.xlsx", "", "expected a file that ends in .csv or .json, got .xlsx"),
        ("a.csv", "id,label,annotator\n4,,cy\n", "expected labels, got none: 1 without a label"),
    ],
)
def test_a_file_without_labels_is_refused(parts, tmp_path, name, text, message):
    with pytest.raises(UsageError, match=message):
        added(parts, tmp_path, name, text)
    with pytest.raises(UsageError, match="which does not exist"):
        add_file(parts, tmp_path / "none.csv", None, LabelColumns(), BY)
