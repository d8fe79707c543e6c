from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from packager.manifest.evaluation import Golden
from packager.rollout.golden_rows import judge_golden
from packager.rollout.mirrored_requests import MirroredAnswer

GOLDEN = Golden(
    rows=({"x": 1}, {"x": 2}),
    expected=({"prediction": "a", "probabilities": {"a": 0.75, "b": 0.25}}, {"prediction": "b"}),
)


def answered(*predictions: Any, status: int = 200) -> MirroredAnswer:
    return MirroredAnswer(status, 0.01, {"predictions": list(predictions)})


def test_equal_answers_pass_whatever_their_token():
    first = {"prediction": "a", "probabilities": {"a": 0.75, "b": 0.25}, "token": "t", "flags": []}
    found = judge_golden(GOLDEN, answered(first, {"prediction": "b", "token": "u"}))
    assert (found.outcome, found.text) == ("passed", "all 2 answered, equal to the byte")


def test_last_digits_may_differ_and_are_told():
    first = {"prediction": "a", "probabilities": {"a": 0.75 + 1e-12, "b": 0.25}}
    found = judge_golden(GOLDEN, answered(first, {"prediction": "b"}))
    assert (found.outcome, found.numbers["other_bytes"]) == ("passed", 1)
    assert "1 differ from the build by at most 1e-09" in found.text


def test_another_label_fails():
    first = {"prediction": "b", "probabilities": {"a": 0.75, "b": 0.25}}
    found = judge_golden(GOLDEN, answered(first, {"prediction": "b"}))
    assert found.outcome == "failed"
    assert found.text.startswith("1 of 2 rows have another answer than in the build; row 0: ")


def test_no_answers_fail():
    refused = MirroredAnswer(422, 0.01, {"error": {"message": "row 0: x: expected a number"}})
    found = judge_golden(GOLDEN, refused)
    assert found.outcome == "failed"
    assert "status 422: row 0: x: expected a number" in found.text
    assert judge_golden(GOLDEN, answered({"prediction": "a"})).outcome == "failed"
    assert judge_golden(GOLDEN, answered(None, "a")).outcome == "failed"


def test_a_package_without_golden_rows_is_not_compared():
    assert judge_golden(None, None).outcome == "skipped"
    assert judge_golden(Golden(rows=(), expected=()), None).outcome == "skipped"


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(VALUES)
def test_any_answer_equals_itself(value):
    golden = Golden(rows=({"x": 1},), expected=({"prediction": value},))
    assert judge_golden(golden, answered({"prediction": value})).outcome == "passed"
