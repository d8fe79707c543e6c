import pytest

from packager.rollout.mirrored import judge_mirrored, same_inputs
from packager.rollout.mirrored_requests import MirroredAnswer, MirroredRows

GOOD = MirroredAnswer(200, 0.01, {"predictions": [{"prediction": "a"}]})
OTHER = MirroredAnswer(200, 0.01, {"predictions": [{"prediction": "b"}]})
REFUSED = MirroredAnswer(422, 0.01, {"error": {"message": "row 0: y: missing"}})
DOWN = MirroredAnswer(500, 0.01, {"error": {"message": "the model failed"}})
GONE = MirroredAnswer(0, 0.01, "ConnectionError: refused")


def mirrored(*pairs: tuple[MirroredAnswer, MirroredAnswer]) -> MirroredRows:
    found = MirroredRows()
    for old, new in pairs:
        found.add(old, new)
    return found


def test_rows_that_both_answer_pass_and_other_answers_are_told():
    found = judge_mirrored(mirrored((GOOD, GOOD), (GOOD, OTHER)), same_inputs=True)
    assert (found.outcome, found.text) == (
        "passed",
        "2 of 2 answered by both; 50.0% with another answer",
    )


def test_a_refusal_of_the_new_version_fails_if_the_inputs_are_the_same():
    found = judge_mirrored(mirrored((GOOD, GOOD), (GOOD, REFUSED)), same_inputs=True)
    assert found.outcome == "failed"
    assert "1 refused by only the new version, not compared; status 422: row 0: y: missing" in (
        found.text
    )


def test_with_other_inputs_refused_rows_are_skipped_and_told():
    both = mirrored((GOOD, GOOD), (GOOD, REFUSED), (REFUSED, GOOD), (REFUSED, REFUSED))
    found = judge_mirrored(both, same_inputs=False)
    assert found.outcome == "passed"
    assert "1 of 4 answered by both" in found.text
    assert "the inputs of the two versions differ" in found.text
    assert "1 refused by only the earlier version" in found.text
    assert "1 refused by both" in found.text


def test_rows_of_which_none_is_comparable_are_too_few():
    found = judge_mirrored(mirrored((REFUSED, GOOD)), same_inputs=False)
    assert found.outcome == "too few"


def test_a_failure_of_the_new_version_alone_fails():
    found = judge_mirrored(mirrored((GOOD, GOOD), (GOOD, DOWN)), same_inputs=True)
    assert found.outcome == "failed"
    assert "not answered by the new version: status 500: the model failed" in found.text
    found = judge_mirrored(mirrored((GOOD, GONE)), same_inputs=True)
    assert "status none: ConnectionError: refused" in found.text


def test_inputs_are_names_and_kinds():
    old = {"features": [{"name": "x", "kind": "float"}, {"name": "y", "kind": "string"}]}
    assert same_inputs(old, {"features": [*reversed(old["features"])]})
    assert not same_inputs(old, {"features": [{"name": "x", "kind": "float"}]})
    assert not same_inputs(old, "garbage")


def answer(prediction, **probabilities):
    told = {"prediction": prediction, **({"probabilities": probabilities} if probabilities else {})}
    return MirroredAnswer(200, 0.01, {"predictions": [told]})


def test_answers_are_compared_as_those_of_a_shadow():
    found = mirrored(
        (answer(1.0), answer(1.0 + 1e-9)),
        (answer("a", a=0.9, b=0.1), answer("a", a=0.8, b=0.2)),
        (answer("a", a=0.6, b=0.4), answer("b", b=1.0)),
        (answer("a"), answer(1.0)),
    )
    assert (found.pairs, found.other_answers, found.incomparable) == (4, 1, 1)
    assert found.differences == [pytest.approx(1e-9), pytest.approx(0.1), pytest.approx(0.6)]
    judged = judge_mirrored(found, same_inputs=True)
    assert (
        "25.0% with another answer; 1 whose answers have other forms, not compared" in judged.text
    )
    assert "difference of half of them up to 0.1, of 95 % up to 0.6" in judged.text
    assert judged.numbers["difference"] == {
        "median": pytest.approx(0.1),
        "quantile_95": pytest.approx(0.6),
    }
