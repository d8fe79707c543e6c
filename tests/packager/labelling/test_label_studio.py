"""Labels in a JSON export of Label Studio."""

from __future__ import annotations

import json

import pytest

from packager.errors import UsageError
from packager.labelling.csv_labels import LabelColumns
from packager.labelling.label_studio import label_studio_labels


def result(value, name="quality", kind="choices"):
    return {"from_name": name, "to_name": "text", "type": kind, "value": value}


def annotation(by, *results, **more):
    return {
        "id": 1,
        "completed_by": by,
        "result": [*results],
        "was_cancelled": False,
        "created_at": "2026-03-01T12:30:00.123456Z",
        **more,
    }


def task(number, *annotations, **more):
    return {
        "id": number,
        "data": {"id": number, "text": "…"},
        "meta": {"row_hash": f"{number:016x}", "selection_probability": 0.5},
        "annotations": [*annotations],
        "predictions": [{"result": [result({"choices": ["bad"]})]}],
        **more,
    }


def good(by, **more):
    return annotation(by, result({"choices": ["good"]}), **more)


def read(tmp_path, tasks, key=("id",), **columns):
    file = tmp_path / "export.json"
    file.write_text(tasks if isinstance(tasks, str) else json.dumps(tasks))
    return label_studio_labels(file, LabelColumns(**columns), key)


def test_annotations_of_several_annotators_are_labels(tmp_path):
    tasks = [
        task(17, good(1), good({"id": 2, "email": "bob@example.com"})),
        task(18, annotation(1, result({"choices": ["bad"]}), was_cancelled=True)),
        task(19),
        task(20, annotation(1)),
    ]
    found = read(tmp_path, tasks)
    assert [(one.annotator, one.label) for one in found.labels] == [
        ("1", "good"),
        ("bob@example.com", "good"),
    ]
    assert (found.key, found.labels[0].key) == (("id",), ("17",))
    hashed = read(tmp_path, tasks, ())
    assert (hashed.key, hashed.labels[0].key) == ((), (f"{17:016x}",))
    assert found.labels[0].location == "task 17"
    assert found.labels[0].selection_probability == 0.5
    assert found.labels[0].labelled_at.isoformat() == "2026-03-01T12:30:00.123456+00:00"
    assert found.skipped == {"cancelled": 1, "tasks without annotations": 1, "without a label": 1}


def test_rows_are_named_by_columns_of_the_data(tmp_path):
    tasks = [task(17, good(1), meta={})]
    assert read(tmp_path, tasks).labels[0].key == ("17",)
    several = read(tmp_path, [task(17, good(1))], on=("id", "text"))
    assert several.labels[0].key == ("17", "…")


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ({"number": 3.5}, "3.5"),
        ({"rating": 4}, "4"),
        ({"text": ["as written"]}, "as written"),
        ({"text": "as written"}, "as written"),
        ({"choices": ["good"]}, "good"),
    ],
)
def test_answers_are_choices_numbers_ratings_and_texts(tmp_path, value, label):
    found = read(tmp_path, [task(1, annotation(1, result(value)))])
    assert found.labels[0].label == label


def test_one_of_several_controls_is_named(tmp_path):
    both = annotation(1, result({"choices": ["good"]}), result({"number": 3}, "size"))
    with pytest.raises(
        UsageError, match="expected answers of one control, got those of quality, s"
    ):
        read(tmp_path, [task(1, both)])
    assert read(tmp_path, [task(1, both)], label="size").labels[0].label == "3"


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ("{", "expected a JSON export of Label Studio"),
        ("[" * 100_000, "expected a JSON export of Label Studio"),
        ({}, "expected a list of tasks, got dict"),
        ([], "expected tasks, got none"),
        ([1], "task 1: expected an object, got int"),
        ([{"id": 1, "choice": "good"}], "task 1: expected `annotations`, got none"),
        ([task(1, 5)], "task 1: expected an annotation, got int"),
        ([{**task(1), "annotations": None}], "task 1: expected a list of annotations"),
        ([task(1, good(None))], "expected `completed_by` with an annotator, got None"),
        ([task(1, annotation(1, result({"choices": ["a", "b"]})))], "expected one answer, got 2"),
        ([task(1, annotation(1, result({"x": 1}, kind="brush")))], "got 'brush'"),
        ([task(1, annotation(1, result({"choices": [{}]})))], "expected a text or a number"),
        ([task(1, annotation(1, *[result({"rating": 1})] * 2))], "expected one answer by an anno"),
        ([task(1, good(1), meta={}, data={"x": 1})], "expected 'id' in its `data` or `meta`"),
        ([task(1, good(1), meta={"selection_probability": 7})], "above 0 and at"),
    ],
)
def test_anything_else_is_refused_by_task(tmp_path, tasks, message):
    with pytest.raises(UsageError, match=message):
        read(tmp_path, tasks)


def test_annotators_are_in_the_file_unless_one_is_named(tmp_path):
    assert read(tmp_path, [task(1, good(1))], annotator="ann").labels[0].annotator == "ann"
    with pytest.raises(UsageError, match="--annotator-column: expected none with a JSON file"):
        read(tmp_path, [task(1, good(1))], annotator_column="who")
