"""Every kind of label in odd forms: read, refused with a reason, or absent; nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from served_answers import output

from monitoring.feedback.labels import InvalidError
from monitoring.feedback.output_labels import AnswerLabels
from monitoring.metrics.output_feedback import OUTPUT_REJECTIONS
from monitoring.scoring.measures import OutputForm
from monitoring.scoring.outputs import LabelledOutput, with_parts

ANSWERS: dict[str, Any] = {
    "number": 1.0,
    "score": 0.5,
    "label": "a",
    "labels": ["a"],
    "numbers": [1.0, 2.0],
    "array": [[1.0], [2.0]],
    "quantiles": {"0.1": 1.0, "0.9": None},
    "text": "a b",
    "json": {"a": [1]},
}
OUTPUTS = with_parts(
    output(
        kind,
        kind,
        ("a", "b") if kind in ("label", "labels") else None,
        (0.1, 0.9) if kind == "quantiles" else None,
        2 if kind in ("numbers", "array") else None,
    )
    for kind in ANSWERS
)
STAYING = LabelledOutput(
    "numbers",
    OutputForm("numbers", times=(6.0, 12.0)),
    2,
    has_target=True,
    survival=("months", "churned"),
)
RANKING = LabelledOutput("score", OutputForm("score", k=5), None, has_target=True)
TASKS = with_parts((STAYING, RANKING))
"""Outputs of tasks whose labels have further forms."""
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.sampled_from(["", "a", "b", "nan", "0", "1", "true", "1e999", "٣", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b", "0", "1", "z", "", "months", "churned"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(st.sampled_from((*OUTPUTS, *TASKS)), ODD, ODD)
def test_a_label_is_read_absent_or_refused_with_a_documented_reason(
    one: Any, actual: Any, strange: Any
) -> None:
    labels = AnswerLabels([one])
    for answer in (ANSWERS[one.name], strange):
        if labels.is_absent(actual):
            continue
        reason, found = None, []
        try:
            found = labels.read(answer, actual)
        except InvalidError as error:
            reason = error.reason
        assert reason in (None, *OUTPUT_REJECTIONS)
        assert [label.output for label in found] in ([one], [])


def test_nested_lists_are_read_row_by_row() -> None:
    (array,) = with_parts([output("e", "array", size=4)])
    (label,) = AnswerLabels([array]).read([[1.0, 2.0], [3.0, 4.0]], [[1, None], [3, "4"]])
    assert label.truth == {0: 1.0, 2: 3.0, 3: 4.0}


def test_numbers_come_by_name_or_by_place() -> None:
    forecast = output("e", "numbers", size=2)._replace(names=("day1", "day2"))
    labels = AnswerLabels(with_parts([forecast]))
    for actual in ({"day2": 3}, {"1": 3}, {"day1": None, "day2": "3"}):
        (label,) = labels.read([1.0, 2.0], actual)
        assert label.truth == {1: 3.0}
    with pytest.raises(InvalidError, match="unknown_part"):
        labels.read([1.0, 2.0], {"day3": 3})
    with pytest.raises(InvalidError, match="not_numbers"):
        labels.read([1.0, 2.0], {"day2": 3, "1": 4})


def test_numbers_that_are_too_many_for_parts_come_together() -> None:
    (long,) = with_parts([output("e", "numbers", size=100)])
    answer = [0.0] * 100
    labels = AnswerLabels([long])
    (label,) = labels.read(answer, [1.0] * 100)
    assert len(label.truth) == 100
    for actual in ([1.0] * 99 + [None], {"0": 1.0}):
        with pytest.raises(InvalidError, match="unknown_part"):
            labels.read(answer, actual)


@pytest.mark.parametrize(
    ("actual", "truth"),
    [
        ({"months": 8, "churned": True}, {0: 1.0, 1: 0.0}),
        ({"months": 30, "churned": 1}, {0: 1.0, 1: 1.0}),
        ({"months": 6, "churned": True}, {0: 0.0, 1: 0.0}),
        ({"months": 8, "churned": False}, {0: 1.0}),
        ([1, None], {0: 1.0}),
        ({"1": 0}, {1: 0.0}),
    ],
)
def test_the_time_of_an_event_tells_who_stayed(actual: Any, truth: dict[int, float]) -> None:
    labels = AnswerLabels(TASKS[:1])
    assert not labels.is_absent(actual)
    (label,) = labels.read([0.9, 0.7], actual)
    assert label.truth == truth


@pytest.mark.parametrize(
    "actual",
    [{"months": 2, "churned": False}, {"months": 8}, {"months": None, "churned": True}],
)
def test_an_observation_that_tells_of_no_time_is_no_label(actual: Any) -> None:
    assert AnswerLabels(TASKS[:1]).is_absent(actual)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        ({"months": 8, "churned": True, "0": 1}, "unknown_part"),
        ({"months": "x", "churned": True}, "not_a_number"),
        ({"months": 8, "churned": "x"}, "not_a_boolean"),
    ],
)
def test_an_observation_of_another_form_is_refused(actual: Any, reason: str) -> None:
    labels = AnswerLabels(TASKS[:1])
    assert not labels.is_absent(actual)
    with pytest.raises(InvalidError) as refused:
        labels.read([0.9, 0.7], actual)
    assert refused.value.reason == reason


def test_a_grade_above_zero_is_relevant() -> None:
    labels = AnswerLabels(TASKS[1:])
    truths = [labels.read(0.5, actual)[0].truth for actual in (3, 1, 0.5, 0, True, False)]
    assert truths == [True, True, True, False, True, False]
    with pytest.raises(InvalidError):
        labels.read(0.5, -1)
    with pytest.raises(InvalidError):
        AnswerLabels([OUTPUTS[1]]).read(0.5, 3)
