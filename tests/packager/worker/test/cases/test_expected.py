"""Whether answers are as expected."""

from __future__ import annotations

import math
from typing import Any

import pytest

from packager.manifest.case_terms import ExpectedAnswer
from packager.worker.test.cases.expected import CaseJudge
from packager.worker.test.cases.values import ComparedValue

NUMBER = ComparedValue("number", None)
LABEL = ComparedValue("label", None)


def judged(expect: str, before: Any, after: Any, tolerance: float | None = None) -> bool:
    judge = CaseJudge(NUMBER, ExpectedAnswer.parse(expect), tolerance)
    return judge({"prediction": before}, {"prediction": after}).passed


@pytest.mark.parametrize(
    ("expect", "before", "after", "passed"),
    [
        ("increases", 1.0, 1.1, True),
        ("increases", 1.0, 1.0, False),
        ("increases", 1.0, 1.0 + 1e-12, False),
        ("increases", 1.0, 0.9, False),
        ("increases", None, 0.9, False),
        ("decreases", 1.0, 0.9, True),
        ("decreases", 1.0, 1.1, False),
        ("same", 1e6, 1e6 + 0.1, True),
        ("same", 1.0, 1.1, False),
        ("same", None, None, True),
        ("same", None, 1.0, False),
        ("within 0.5", 1.0, 1.5, True),
        ("within 0.5", 1.0, 1.51, False),
        ("within 10%", 100.0, 109.0, True),
        ("within 10%", 100.0, 111.0, False),
        ("within 10%", 100.0, None, False),
        ("between 0 and 2", 9.0, 2.0, True),
        ("between 0 and 2", 9.0, 2.1, False),
        ("between 0 and inf", 9.0, None, False),
    ],
)
def test_numbers(expect: str, before: Any, after: Any, passed: bool) -> None:
    assert judged(expect, before, after) is passed


def test_differences_up_to_the_tolerance_are_none() -> None:
    assert judged("same", 1.0, 1.1, 0.2)
    assert not judged("increases", 1.0, 1.1, 0.2)
    assert judged("increases", 1.0, 1.3, 0.2)


def test_worse_rows_are_farther_from_passing() -> None:
    judge = CaseJudge(NUMBER, ExpectedAnswer.parse("increases"))
    little = judge({"prediction": 1.0}, {"prediction": 0.9})
    much = judge({"prediction": 1.0}, {"prediction": 0.1})
    none = judge({"prediction": 1.0}, {"prediction": None})
    assert little.badness < much.badness < none.badness == math.inf


def label(prediction: Any, **chances: float) -> dict[str, Any]:
    return {"prediction": prediction, "probabilities": chances}


def test_labels_that_are_numbers_are_no_measures() -> None:
    judge = CaseJudge(LABEL, ExpectedAnswer.parse("same"), tolerance=5.0)
    assert not judge({"prediction": 1}, {"prediction": 2}).passed
    assert judge({"prediction": 1}, {"prediction": 1}).passed


def test_another_label_of_equal_probabilities_is_a_tie() -> None:
    judge = CaseJudge(LABEL, ExpectedAnswer.parse("same"))
    assert judge(label("a", a=0.5, b=0.5), label("b", a=0.5, b=0.5)).passed
    assert not judge(label("a", a=0.6, b=0.4), label("b", a=0.4, b=0.6)).passed
    assert not judge(label("a", a=0.6, b=0.4), label("a", a=0.7, b=0.3)).passed


def test_an_expected_label() -> None:
    judge = CaseJudge(LABEL, ExpectedAnswer.parse("label:a"))
    assert judge(label("b"), label("a")).passed
    assert not judge(label("a"), label("b")).passed
