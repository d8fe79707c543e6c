"""Golden cases with their rows and right answers."""

from __future__ import annotations

import pytest
from case_models import PRICES, outputs_schema

from packager.manifest.case import Case
from packager.manifest.outputs import Output
from packager.model.golden_answers import MAX_ROWS, GoldenCase, GoldenCases, golden_case

ROW = {"carat": 1.0, "count": 1, "cut": "Fair", "note": None}


def case(**keys: object) -> Case:
    return Case(name="known", kind="golden", rows=[ROW], **keys)  # type: ignore[arg-type]


def test_the_right_answer_stands_under_the_target() -> None:
    made = golden_case(case(), [{**ROW, "price": 5.0, "id": 7}], "regression", PRICES)
    assert made.rows == (ROW,)
    assert made.right == (5.0,)


def test_of_several_outputs_those_that_are_given_count() -> None:
    several = outputs_schema(Output(name="low", kind="number"), Output(name="tags", kind="labels"))
    made = golden_case(case(), [{**ROW, "tags": ["a"]}], "outputs", several)
    assert made.right == ({"tags": ["a"]},)
    assert made.failure([{"low": 3.0, "tags": ["a"]}], "outputs") == ""
    assert "got {'low': 3.0, 'tags': []}" in made.failure([{"low": 3.0, "tags": []}], "outputs")


def test_without_a_target_it_stands_under_prediction() -> None:
    schema = PRICES.model_copy(update={"target": None})
    assert golden_case(case(), [{**ROW, "prediction": 5}], "regression", schema).right == (5,)


def test_a_row_without_an_answer_is_refused_and_so_is_a_name_that_is_a_feature() -> None:
    with pytest.raises(ValueError, match="row 0: expected its right answer under price"):
        golden_case(case(), [ROW], "regression", PRICES)
    clash = outputs_schema(Output(name="carat", kind="number"))
    with pytest.raises(ValueError, match="got 'carat' as both"):
        golden_case(case(), [ROW], "outputs", clash)


@pytest.mark.parametrize(
    ("right", "got", "tolerance", "task", "fails"),
    [
        (5.0, 5.0 + 1e-9, None, "regression", False),
        (5.0, 5.1, None, "regression", True),
        (5, 5.1, 0.2, "regression", False),
        (3, 4, 2.0, "classification", True),
        ("a", "a", None, "classification", False),
        ("a", None, None, "classification", True),
        ([1, 2.0], [1, 2.05], 0.1, "outputs", False),
        ({"0.1": 1.0}, {"0.1": 2.0}, 0.1, "outputs", True),
    ],
)
def test_numbers_agree_within_the_tolerance_and_labels_exactly(
    right, got, tolerance, task, fails
) -> None:
    made = GoldenCase(name="known", rows=(ROW,), right=(right,), tolerance=tolerance)
    assert bool(made.failure([got], task)) is fails


def test_the_failure_names_the_first_row() -> None:
    made = GoldenCase(name="known", rows=(ROW, ROW), right=(1.0, 2.0))
    assert made.failure([1.0, 5.0], "regression") == (
        "golden case 'known': 1 of 2 rows have another answer; row 1: expected 2.0, got 5.0"
    )
    lenient = made.model_copy(update={"share": 0.5})
    assert lenient.failure([1.0, 5.0], "regression") == ""


def test_a_server_answers_a_bounded_number_of_rows_of_cases_that_may_fail() -> None:
    many = GoldenCase(name="many", rows=(ROW,) * 700, right=(1.0,) * 700)
    quiet = many.model_copy(update={"severity": "warn"})
    kept = GoldenCases.of([quiet, many, many, many]).cases
    assert [len(one.rows) for one in kept] == [700, MAX_ROWS - 700]
    assert [len(one.right) for one in kept] == [700, MAX_ROWS - 700]
