"""Which failures of a model are errors of a row, and which of the server."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.failing_rows import MAX_CALLS
from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, ValidatedRows
from packager.manifest.manifest import Schema
from packager.model.model import LoadedModel
from serving.http.messages import RequestError
from serving.prediction.native_model import ModelError, NativeModel, RowRefusedError, neutral_row

FRAME = pd.DataFrame(
    {"x": [0.0, 1000.0], "color": ["red", "blue"], "text": ["a", "b"], "code": [11, 93]}
)
SCHEMA = Schema(features=infer_columns(FRAME))


class RejectingModel:
    """Doubles numbers but those in ``bad``; ``broken`` fails whatever it is asked."""

    def __init__(self, bad: set[float], *, most: int = 10**9) -> None:
        self.bad = bad
        self.most = most
        self.broken = False
        self.asked: list[int] = []

    def predict(self, frame: pd.DataFrame) -> list[float]:
        self.asked.append(len(frame))
        found = frame["x"][frame["x"].isin(list(self.bad))]
        if self.broken or len(found) or len(frame) > self.most:
            raise ValueError(f"a secret: {list(found)}")
        return [2 * value for value in frame["x"]]


def rows(*numbers: float, **cells: Any) -> ValidatedRows:
    row = {"color": "red", "text": "a", "code": 11, **cells}
    return RowChecker(SCHEMA).check([{"x": number, **row} for number in numbers])


def native(
    model: RejectingModel, known: ValidatedRows | None, schema: Schema = SCHEMA
) -> NativeModel:
    loaded = LoadedModel(model, "regression", None, has_probabilities=False)
    return NativeModel(loaded, schema, RowChecker(schema), known)


@pytest.mark.slow
@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_the_first_row_that_it_cannot_take_is_named(bad: set[int], count: int) -> None:
    model = RejectingModel(set(map(float, bad)))
    expected = min((row for row in bad if row < count), default=None)
    own = native(model, rows(500.0))
    asked = rows(*map(float, range(count)))
    if expected is None:
        assert own.predict(asked).labels == [2.0 * row for row in range(count)]
        assert model.asked == [count]
        return
    with pytest.raises(RowRefusedError) as refused:
        own.predict(asked)
    assert (refused.value.row, refused.value.rows) == (expected, 1)
    assert len(model.asked) <= 2 * count.bit_length() + 2


def test_what_it_says_is_kept_by_type_and_place_and_never_its_message() -> None:
    with pytest.raises(RowRefusedError) as refused:
        native(RejectingModel({1.0}), rows(0.0)).predict(rows(1.0))
    assert refused.value.said[0].startswith("ValueError < ")
    assert "secret" not in repr(vars(refused.value))
    assert refused.value.__cause__ is None


def test_a_model_that_fails_on_the_row_it_is_known_to_answer_is_broken() -> None:
    model = RejectingModel(set())
    model.broken = True
    with pytest.raises(ModelError):
        native(model, rows(0.0)).predict(rows(1.0, 2.0))


def test_without_a_known_row_a_made_up_one_tells_a_sound_model_from_a_broken_one() -> None:
    model = RejectingModel({1.0})
    with pytest.raises(RowRefusedError):
        native(model, None).predict(rows(1.0))
    model.broken = True
    with pytest.raises(ModelError):
        native(model, None).predict(rows(1.0))


def test_without_a_known_row_another_row_of_the_request_becomes_it() -> None:
    model = RejectingModel({0.0, 1.0})  # the made-up row, too
    own = native(model, None)
    with pytest.raises(RowRefusedError) as refused:
        own.predict(rows(3.0, 1.0))
    assert refused.value.row == 1


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


def test_without_a_known_row_the_first_row_answered_becomes_it() -> None:
    model = RejectingModel({0.0, 1.0})
    own = native(model, None)
    with pytest.raises(ModelError):
        own.predict(rows(1.0))
    assert own.predict(rows(3.0, 4.0)).labels == [6.0, 8.0]
    with pytest.raises(RowRefusedError):
        own.predict(rows(1.0))
    model.broken = True
    own._sound_until = 0.0
    with pytest.raises(ModelError):
        own.predict(rows(1.0))


def test_rows_that_it_takes_in_parts_only_are_answered() -> None:
    model = RejectingModel(set(), most=3)
    found = native(model, rows(0.0)).predict(rows(*map(float, range(10))))
    assert found.labels == [2.0 * row for row in range(10)]


def test_the_parts_that_are_queried_are_bounded() -> None:
    model = RejectingModel(set(), most=1)
    own = native(model, rows(0.0))
    with pytest.raises(RowRefusedError) as refused:
        own.predict(rows(*map(float, range(500))))
    assert len(model.asked) <= MAX_CALLS + 1 + (500).bit_length()
    assert refused.value.rows > 1
    message = RequestError.of_refusal(refused.value).message
    assert message.startswith(f"rows {refused.value.row} to ")
    assert "together: the model raises an error for this" in message


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
    own = native(RejectingModel({number}), rows(0.0), Schema(features=features))
    with pytest.raises(RowRefusedError) as refused:
        own.predict(rows(2.0, number, **cells))
    found = refused.value
    assert (found.row, found.column, found.expected, found.got) == (1, *told)
