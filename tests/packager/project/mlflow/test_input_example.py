from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.mlflow.input_example import example_rows
from packager.project.mlflow.saved_model import MlflowModel

SAVED = MlflowModel(
    "pyfunc", "", {"b": "float64", "a": "object"}, "", "", "3.17.2", example="input_example.json"
)


def write(folder: Path, text: str) -> Path:
    (folder / "input_example.json").write_text(text)
    return folder


def test_rows_have_the_columns_of_the_signature_in_its_order(tmp_path: Path) -> None:
    table = {"index": [0, 1], "columns": ["a", "b", "id"], "data": [["x", 1.5, 7], [None, 2, 8]]}
    rows = example_rows(write(tmp_path, json.dumps(table)), SAVED)
    assert [list(row.items()) for row in rows] == [
        [("b", 1.5), ("a", "x")],
        [("b", 2), ("a", None)],
    ]


def test_what_is_no_number_is_null_and_eight_rows_are_enough(tmp_path: Path) -> None:
    data = [[float("nan"), "x"]] * 20
    rows = example_rows(write(tmp_path, json.dumps({"columns": ["b", "a"], "data": data})), SAVED)
    assert rows == ({"b": None, "a": "x"},) * 8


def test_a_column_that_is_not_required_is_null_where_the_example_lacks_it(tmp_path: Path) -> None:
    model = dataclasses.replace(SAVED, optional=("b",))
    rows = example_rows(write(tmp_path, '{"columns": ["a"], "data": [["x"]]}'), model)
    assert rows == ({"b": None, "a": "x"},)


def test_without_an_example_there_are_no_rows(tmp_path: Path) -> None:
    assert example_rows(tmp_path, MlflowModel("pyfunc", "", {}, "", "", "3")) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "expected `columns` and `data`"),
        ("[1, 2]", "expected `columns` and `data`"),
        ('{"columns": ["a", "b"], "data": [[1]]}', "expected `columns` and `data`"),
        ('{"columns": ["a"], "data": [["x"]]}', "got none called 'b'"),
    ],
)
def test_another_form_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        example_rows(write(tmp_path, text), SAVED)
    assert caught.value.hint


def test_an_absent_file_and_one_elsewhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file, though MLmodel names it"):
        example_rows(tmp_path, SAVED)
    outside = MlflowModel("pyfunc", "", {}, "", "", "3", example="../secret.json")
    with pytest.raises(UsageError, match="leaves the project"):
        example_rows(tmp_path, outside)
