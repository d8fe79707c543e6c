"""The files of a queue: what they hold, and what they leave out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from queue_samples import PACKAGE, chosen, visits

from packager.errors import UsageError
from packager.labelling.queue_files import (
    QueueContents,
    as_csv,
    as_label_studio,
    labelling_page,
    shown_columns,
    write_queue,
)

PLAIN = QueueContents()


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_key_row_empty_label_and_how_each_was_chosen(tmp_path: Path):
    found = chosen(tmp_path, visits(), keys=("id",))
    rows = csv_rows(as_csv(found, PACKAGE, PLAIN))
    assert list(rows[0]) == [
        *("id", "age", "kind", "label"),
        *("row_hash", "selection_probability", "expected_loss", "reason"),
    ]
    assert len(rows) == 40
    for at, row in enumerate(rows):
        place = found.indices[at]
        assert row["id"] == found.rows.frame["id"][place]
        assert float(row["selection_probability"]) == found.probabilities[place]
        assert row["row_hash"] == f"{int(found.rows.hashes[place]):016x}"
        assert row["label"] == ""


def test_personal_data_and_unknown_columns_are_written_only_if_wanted(tmp_path: Path):
    found = chosen(tmp_path, visits())
    assert shown_columns(found, PACKAGE, PLAIN) == (("age", "kind"), ("email",))
    assert "@example.org" not in as_csv(found, PACKAGE, PLAIN)
    assert "@example.org" not in as_label_studio(found, PACKAGE, PLAIN)
    assert "@example.org" in as_csv(found, PACKAGE, QueueContents(personal=True))
    assert "id" not in csv_rows(as_csv(found, PACKAGE, QueueContents(personal=True)))[0]


def test_a_key_of_personal_data_is_refused(tmp_path: Path):
    found = chosen(tmp_path, visits(), keys=("email",))
    with pytest.raises(
        UsageError, match="--key-columns email: expected a column without personal data"
    ):
        as_csv(found, PACKAGE, PLAIN)
    assert csv_rows(as_csv(found, PACKAGE, QueueContents(personal=True)))[0]["email"]


def test_the_model_s_answers_are_written_only_if_wanted(tmp_path: Path):
    found = chosen(tmp_path, visits())
    assert "model_answer" not in csv_rows(as_csv(found, PACKAGE, PLAIN))[0]
    assert all(
        "predictions" not in one for one in json.loads(as_label_studio(found, PACKAGE, PLAIN))
    )
    wanted = QueueContents(answers=True)
    assert csv_rows(as_csv(found, PACKAGE, wanted))[0]["model_answer"] == "yes"
    (result,) = json.loads(as_label_studio(found, PACKAGE, wanted))[0]["predictions"][0]["result"]
    assert result == {
        "from_name": "label",
        "to_name": "row",
        "type": "choices",
        "value": {"choices": ["yes"]},
    }


def test_a_formula_is_written_as_text(tmp_path: Path):
    frame = visits(60)
    frame["kind"] = '=HYPERLINK("http://x","y")'
    rows = csv_rows(as_csv(chosen(tmp_path, frame, 60), PACKAGE, PLAIN))
    assert {row["kind"] for row in rows} == {'\'=HYPERLINK("http://x","y")'}


def test_a_column_with_the_name_of_one_of_the_queue_keeps_its_values(tmp_path: Path):
    frame = visits(60)
    frame["reason"] = frame["id"]
    rows = csv_rows(as_csv(chosen(tmp_path, frame, 10, keys=("reason",)), PACKAGE, PLAIN))
    assert rows[0]["data.reason"].startswith("v")
    assert rows[0]["reason"] in ("random", "uncertain", "small_slice")


def test_tasks_of_label_studio_hold_row_and_probability(tmp_path: Path):
    frame = visits()
    frame.loc[0, "kind"] = None
    found = chosen(tmp_path, frame, 400, keys=("id",))
    tasks = json.loads(as_label_studio(found, PACKAGE, PLAIN))
    assert len(tasks) == 400
    by_id = {task["data"]["id"]: task for task in tasks}
    assert by_id["v0"]["data"]["row"] == {"age": frame["age"][0]}
    task = by_id["v1"]
    assert task["meta"].keys() == {
        *("id", "row_hash", "selection_probability", "expected_loss", "reason")
    }
    assert task["data"]["selection_probability"] == 1.0
    assert task["data"]["row"] == {"age": frame["age"][1], "kind": "blue"}


def test_the_page_offers_the_classes_or_a_number():
    page = ElementTree.fromstring(labelling_page(PACKAGE))
    assert [one.get("value") for one in page.iter("Choice")] == ["no", "yes"]
    number = PACKAGE.model_copy(update={"task": "regression"})
    assert (
        next(ElementTree.fromstring(labelling_page(number)).iter("Number")).get("name") == "label"
    )


def test_hostile_classes_are_text_of_the_page():
    hostile = ('"/><script>', "]]>&", "a\x00b", "<Choice>")
    schema = PACKAGE.schema_.model_copy(update={"classes": hostile})
    page = ElementTree.fromstring(labelling_page(PACKAGE.model_copy(update={"schema_": schema})))
    found = [one.get("value") for one in page.iter("Choice")]
    assert found == ['"/><script>', "]]>&", "a\ufffdb", "<Choice>"]


def test_files_are_written_beside_each_other(tmp_path: Path):
    found = chosen(tmp_path, visits())
    written = write_queue(found, PACKAGE, PLAIN, tmp_path / "tasks.json", "label-studio")
    assert [path.name for path in written] == ["tasks.json", "tasks.json.xml"]
    assert json.loads(written[0].read_text())
    (alone,) = write_queue(found, PACKAGE, PLAIN, tmp_path / "queue.csv", "csv")
    assert alone.read_text().startswith("age,kind,label,row_hash,")
