"""A queue of a table's rows, and its labels on their way back into the table."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from labelled_tables import BY, declared, labelled
from queue_samples import PACKAGE, packaged, visits

from packager.data.fingerprint import row_hashes
from packager.labelling.csv_labels import LabelColumns
from packager.labelling.label_files import add_file
from packager.labelling.queue import QueueRequest, run_queue
from packager.labelling.queue_files import QueueContents, as_csv, as_label_studio
from packager.manifest.label_schemes import LabelScheme
from packager.progress import NullProgress
from packager.tables.delta import VersionedTable
from packager.tables.labels.store import read_labels

pytestmark = pytest.mark.slow

RETURNED = LabelScheme(name="returned", classes=("no", "yes"))


@pytest.fixture
def table(place, commit):
    """A version of 30 visits with a scheme whose key is the row hash."""
    commit(visits(30))
    return declared(place, RETURNED, None)


def queued(table, folder: Path, **asked):
    request = QueueRequest(str(table.uri), 10, **asked)
    return run_queue(request, packaged(), folder, NullProgress())


def test_row_hashes_are_those_that_labels_are_added_by(table, tmp_path: Path):
    frames = VersionedTable.open(table).frames()
    expected = [one for frame in frames if len(frame) for one in row_hashes(frame).tolist()]
    assert queued(table, tmp_path).rows.hashes.tolist() == expected


def test_the_labels_of_a_queue_are_added_with_their_probabilities(table, tmp_path: Path):
    found = queued(table, tmp_path)
    records = list(csv.DictReader(io.StringIO(as_csv(found, PACKAGE, QueueContents()))))
    back = tmp_path / "back.csv"
    pd.DataFrame(records).assign(label="yes").to_csv(back, index=False)
    made, _ = add_file(table, back, None, LabelColumns(annotator="ann"), BY)
    assert made.added == 10
    labels = read_labels(table, VersionedTable.open(table).version(None))
    assert labels is not None
    stored = dict(zip(labels.frame["key"], labels.frame["selection_probability"], strict=True))
    assert stored == {one["row_hash"]: float(one["selection_probability"]) for one in records}
    again = queued(table, tmp_path)
    assert (len(again.rows), again.rows.labelled) == (20, 10)


def test_tasks_come_back_from_label_studio(table, tmp_path: Path):
    found = queued(table, tmp_path)
    tasks = json.loads(as_label_studio(found, PACKAGE, QueueContents()))
    answer = {"from_name": "label", "to_name": "row", "type": "choices"}
    for number, task in enumerate(tasks):
        del task["meta"]  # an export has `data` in any case
        result = [{**answer, "value": {"choices": ["no"]}}]
        task |= {"id": number, "annotations": [{"completed_by": "bob", "result": result}]}
    back = tmp_path / "export.json"
    back.write_text(json.dumps(tasks))
    made, _ = add_file(table, back, None, LabelColumns(), BY)
    assert made.added == 10
    labels = read_labels(table, VersionedTable.open(table).version(None))
    assert labels is not None
    assert labels.frame["selection_probability"].notna().all()


def test_rows_with_a_label_in_the_table_are_left_out_by_its_key(place, commit, tmp_path: Path):
    commit(visits(30))
    declared(place, RETURNED, ("id",))
    labelled(place, [("v1", "ann", "no"), ("v2", "bob", "yes")], "returned")
    found = queued(place, tmp_path, keys=("id",))
    assert found.rows.labelled == 2
    assert not {"v1", "v2"} & {*found.rows.frame["id"]}
