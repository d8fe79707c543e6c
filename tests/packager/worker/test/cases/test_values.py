"""What is compared of an answer of each kind."""

from __future__ import annotations

from typing import Any

import pytest
from case_models import CLASSES, manifest_of, outputs_schema

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.manifest.outputs import Output
from packager.worker.test.cases.values import ComparedValue

SAME = Case(name="mine", kind="invariance", change={"a": 1})


def of(output: Output, **keys: Any) -> ComparedValue:
    case = SAME.model_copy(update=keys)
    return ComparedValue.of(case, manifest_of(schema=outputs_schema(output), task="outputs"))


@pytest.mark.parametrize(
    ("kind", "prediction", "numbers"),
    [
        ("number", 2.5, [2.5]),
        ("score", 1, [1.0]),
        ("numbers", [1.0, 2.0], [1.0, 2.0]),
        ("array", [[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0, 3.0, 4.0]),
        ("quantiles", {"0.1": 1.0, "0.9": 3.0}, [1.0, 3.0]),
        ("text", "abc", []),
        ("json", {"a": [1, "x", True]}, [1.0]),
    ],
)
def test_the_numbers_of_an_answer(kind: Any, prediction: Any, numbers: list[float]) -> None:
    compared = of(Output(name="o", kind=kind))
    assert compared.numbers({"prediction": prediction}) == numbers


def test_a_null_is_no_number() -> None:
    (found,) = of(Output(name="o", kind="number")).numbers({"prediction": None})
    assert found != found


def test_of_two_classes_the_second_is_compared_and_of_more_the_one_that_is_named() -> None:
    up = Case(name="up", kind="directional", change={"a": 1}, expect="increases")
    two = ComparedValue.of(up, manifest_of(schema=CLASSES, task="classification"))
    answer = {"prediction": "cheap", "probabilities": {"cheap": 0.6, "dear": 0.4}}
    assert two.numbers(answer) == [0.4]
    three = CLASSES.model_copy(update={"classes": (1, 2, 3)})
    manifest = manifest_of(schema=three, task="classification")
    with pytest.raises(UsageError, match="case 'up': expected `label`, the class whose prob"):
        ComparedValue.of(up, manifest)
    named = ComparedValue.of(up.model_copy(update={"label": 2}), manifest)
    assert named.numbers({"prediction": 1, "probabilities": {"1": 0.5, "2": 0.3, "3": 0.2}}) == [
        0.3
    ]
    with pytest.raises(UsageError, match="expected one of the model's classes, 1, 2, 3, got '9'"):
        ComparedValue.of(up.model_copy(update={"label": 9}), manifest)


def test_without_probabilities_only_labels_are_compared() -> None:
    compared = ComparedValue.of(SAME, manifest_of(schema=CLASSES, task="classification"))
    assert compared.whole({"prediction": "dear"})["prediction"] == "dear"
    with pytest.raises(UsageError, match="expected probabilities, and this model gives none"):
        compared.numbers({"prediction": "dear"})


def test_a_label_is_found_among_several() -> None:
    compared = of(Output(name="o", kind="labels", classes=("a", "b")))
    assert compared.has_label({"prediction": ["a"]}, "a")
    assert not compared.has_label({"prediction": ["a"]}, "b")
    single = of(Output(name="o", kind="label", classes=(True, False)))
    assert single.has_label({"prediction": True}, "true")
    assert not single.has_label({"prediction": None}, "true")


def test_one_of_several_outputs() -> None:
    schema = outputs_schema(
        Output(name="cost", kind="number"), Output(name="kind", kind="label", classes=("a", "b"))
    )
    manifest = manifest_of(schema=schema, task="outputs")
    answer = {
        "prediction": {"cost": 3.0, "kind": "a"},
        "probabilities": {"kind": {"a": 0.9, "b": 0.1}},
    }
    assert ComparedValue.of(SAME, manifest).whole(answer)["prediction"] == answer["prediction"]
    cost = ComparedValue.of(SAME.model_copy(update={"output": "cost"}), manifest)
    assert cost.numbers(answer) == [3.0]
    kind = ComparedValue.of(SAME.model_copy(update={"output": "kind", "label": "b"}), manifest)
    assert kind.numbers(answer) == [0.1]
    assert kind.shown(answer) == 0.1
