from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from packager.tracker.core.actions import ACTION
from packager.tracker.core.refusals import MAX_REFUSAL, refusal_of


class Colour(enum.StrEnum):
    RED = "red"


def _fail(_: str) -> str:
    raise ValueError("expected a better text")


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=3)] = "x"
    number: Annotated[int, Field(ge=1, le=4)] = 1
    value: Annotated[FiniteFloat, Field(gt=0, lt=9)] = 1.0
    flag: bool = True
    word: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    many: Annotated[tuple[int, ...], Field(max_length=1)] = ()
    inner: dict[str, int] = {}
    odd: Annotated[str, AfterValidator(_fail)] = ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": ""}, "text: expected at least 1 character"),
        ({"text": "long"}, "text: expected at most 3 characters"),
        ({"text": 5}, "text: expected a text"),
        ({"number": 0}, "number: expected at least 1"),
        ({"number": 5}, "number: expected at most 4"),
        ({"number": "x"}, "number: expected a whole number"),
        ({"number": 1.5}, "number: expected a whole number"),
        ({"value": 0}, "value: expected more than 0"),
        ({"value": 9}, "value: expected less than 9"),
        ({"value": float("inf")}, "value: expected a finite number"),
        ({"value": []}, "value: expected a number"),
        ({"flag": "perhaps"}, "flag: expected true or false"),
        ({"word": "c"}, "word: expected 'a' or 'b'"),
        ({"colour": "blue"}, "colour: expected 'red'"),
        ({"many": [1, 2]}, "many: expected at most 1 items"),
        ({"many": 1}, "many: expected a list"),
        ({"inner": {"x" * 99: "y"}}, f"inner.{'x' * 60}: expected a whole number"),
        ({"inner": 5}, "inner: expected an object"),
        ({"odd": "x"}, "odd: expected a better text"),
        ({"other": 1}, "other: expected no such field"),
        (5, "all: expected an object"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(given: Any, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Record.model_validate(given)
    assert refusal_of(error.value, "all") == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "body: expected JSON"),
        ("{}", "body: expected a field 'action'"),
        ('{"action":"explode"}', "body: expected one of 'acknowledge', 'reopen'"),
        ('{"action":"ignore"}', "ignore.reason: expected a value, got none"),
        ('{"action":"snooze","until":"soon"}', "snooze.until: expected a time such as"),
    ],
)
def test_actions_are_explained(given: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        ACTION.validate_json(given)
    assert refusal_of(error.value).startswith(said)
    assert len(refusal_of(error.value)) <= MAX_REFUSAL
