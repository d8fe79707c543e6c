"""What the process of the model answers, as predictions and errors."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from modelhost.wire import Message
from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, ValidatedRows
from packager.manifest.manifest import Column, Schema
from serving.http.messages import RequestError
from serving.prediction.errors import ModelError, RowRefusedError
from serving.prediction.native_model import NativeModel, neutral_row

FRAME = pd.DataFrame(
    {"x": [0.0, 1000.0], "color": ["red", "blue"], "text": ["a", "b"], "code": [11, 93]}
)
SCHEMA = Schema(features=infer_columns(FRAME))


class FixedClient:
    """Gives one answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: list[Message] = []

    def request_blocking(self, message: Message, deadline: float) -> Message:
        self.asked.append(message)
        return Message(self.answer)


def rows(*numbers: float, **cells: Any) -> ValidatedRows:
    row = {"color": "red", "text": "a", "code": 11, **cells}
    return RowChecker(SCHEMA).check([{"x": number, **row} for number in numbers])


def native(answer: dict[str, Any], schema: Schema = SCHEMA) -> NativeModel:
    client: Any = FixedClient(answer)
    return NativeModel(client, schema, RowChecker(schema))


def test_a_broken_model_says_type_and_place() -> None:
    said = ["ValueError < model.py:1 in predict"]
    with pytest.raises(ModelError) as broken:
        native({"broken": {"said": said, "memory": False}}).predict_blocking(rows(1.0), 0.0)
    assert broken.value.said == said


def test_several_rows_that_are_refused_together_are_named() -> None:
    answer = {"refused": {"first": 1, "last": 2, "said": []}}
    with pytest.raises(RowRefusedError) as refused:
        native(answer).predict_blocking(rows(0.0, 1.0, 2.0), 0.0)
    message = RequestError.of_refusal(refused.value).message
    assert message.startswith("rows 1 to 2 together: the model raises an error for this")


def test_an_answer_of_another_form_names_the_output_beside_the_row() -> None:
    told = {"first": 1, "last": 1, "said": [], "output": "vector", "expected": "(rows, 2)"}
    with pytest.raises(RowRefusedError) as refused:
        native({"refused": told}).predict_blocking(rows(0.0, 1.0), 0.0)
    error = json.loads(RequestError.of_refusal(refused.value).response().body)["error"]
    assert error["message"].startswith('row 1: the model\'s answer to output "vector" has another')
    assert (error["row"], error["output"], error["expected"]) == (1, "vector", "(rows, 2)")
    assert "column" not in error


@pytest.mark.parametrize("kind", ["string", "number", "integer", "boolean", "datetime", "any"])
@pytest.mark.parametrize("seen", [True, False])
def test_a_made_up_row_is_one_that_the_server_takes(kind: str, seen: bool) -> None:
    columns = infer_columns(
        pd.DataFrame(
            {
                "string": ["x", "y"],
                "number": [-2.5, 3.5],
                "integer": [7, 9],
                "boolean": [True, False],
                "datetime": pd.to_datetime(["2024-01-31", "2024-02-01"]),
                "any": [1.5, "x"],
            }
        )[[kind]]
    )
    if not seen:
        unseen = {"categories": None, "minimum": None, "maximum": None}
        columns = tuple(column.model_copy(update=unseen) for column in columns)
    assert RowChecker(Schema(features=columns)).check([neutral_row(columns)]).rows == 1


@pytest.mark.parametrize(
    ("refuses", "cells", "number", "told"),
    [
        (("x", "extreme"), {}, 5000.0, ("x", "at most 1000.0, as in training", "5000.0")),
        (
            ("color", "unseen"),
            {"color": "teal"},
            1.0,
            ("color", "a value seen in training", '"teal"'),
        ),
        (("x", "null"), {}, 5000.0, (None, None, None)),
        (("code", "unseen"), {"code": 12}, 7.0, ("code", "a value like those of training", "12")),
    ],
)
def test_the_column_is_named_where_the_build_knows_it(
    refuses: tuple[str, Any], cells: dict[str, Any], number: float, told: tuple[str | None, ...]
) -> None:
    name, kind = refuses
    features = tuple(
        column.model_copy(update={"refuses": (kind,)}) if column.name == name else column
        for column in SCHEMA.features
    )
    asked = rows(2.0, number, **cells)
    answer = {"refused": {"first": 1, "last": 1, "said": ["ValueError < model.py:1 in predict"]}}
    with pytest.raises(RowRefusedError) as refused:
        native(answer, Schema(features=features)).predict_blocking(asked, 0.0)
    found = refused.value
    assert (found.row, found.column, found.expected, found.got) == (1, *told)


NESTED = Schema(
    features=(
        Column(name="pixels", kind="array", dtype="object", nullable=False, shape=(2, 2),
               element="uint8", minimum=3.0, maximum=9.0),
        Column(name="picture", kind="bytes", dtype="object", nullable=False),
        Column(name="tags", kind="list", dtype="object", nullable=False, element="string"),
    )
)  # fmt: skip


def test_a_made_up_row_of_arrays_bytes_and_lists() -> None:
    row = neutral_row(NESTED.features)
    assert row == {"pixels": [[3, 3], [3, 3]], "picture": "", "tags": []}
    assert RowChecker(NESTED).check([row]).rows == 1


def test_more_bytes_than_the_process_of_the_model_takes_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = native({"labels": {"as": "json", "values": [1]}, "rows": 1}, NESTED)
    monkeypatch.setattr("serving.prediction.native_model.MAX_REQUEST_BYTES", 100)
    checked = RowChecker(NESTED).check([{**neutral_row(NESTED.features), "picture": b"x" * 100}])
    with pytest.raises(RequestError) as caught:
        asked.predict_blocking(checked, 0.0)
    assert (caught.value.status, caught.value.code) == (413, "too_large")
    assert "send fewer rows" in str(caught.value.details["expected"])
