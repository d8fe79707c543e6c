"""Which expectation fits which answer."""

from __future__ import annotations

import pytest

from packager.data.case_answers import FITTING, check_answers, compared_output
from packager.manifest.case import Case
from packager.manifest.outputs import Output

BOUNDS = Case(name="b", kind="bounds", expect="between 0 and 1")
UP = Case(name="u", kind="directional", change={"a": 1}, expect="increases")
SAME = Case(name="s", kind="invariance", change={"a": 1})
LABEL = Case(name="l", kind="bounds", expect="label:x")


def outputs(*kinds: str) -> tuple[Output, ...]:
    return tuple(Output(name=f"o{place}", kind=kind) for place, kind in enumerate(kinds))


@pytest.mark.parametrize("kind", FITTING)
def test_every_kind_of_output_can_stay_the_same(kind: str) -> None:
    check_answers(SAME, "outputs", outputs(kind))
    assert compared_output(SAME, "outputs", outputs(kind)) == kind


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (UP, "quantiles"),
        (UP, "array"),
        (UP, "text"),
        (UP, "json"),
        (BOUNDS, "text"),
        (BOUNDS, "json"),
        (LABEL, "number"),
        (LABEL, "numbers"),
    ],
)
def test_what_an_answer_cannot_meet_is_refused(case: Case, kind: str) -> None:
    with pytest.raises(ValueError, match=f"an answer of kind {kind} can be expected to be "):
        check_answers(case, "outputs", outputs(kind))


def test_a_regression_has_no_label() -> None:
    check_answers(UP, "regression", ())
    check_answers(LABEL, "classification", ())
    with pytest.raises(ValueError, match="an answer of kind number can be expected"):
        check_answers(LABEL, "regression", ())
    named = SAME.model_copy(update={"label": "x"})
    with pytest.raises(ValueError, match="`label` is for answers with classes, got number"):
        check_answers(named, "regression", ())


def test_one_of_several_outputs_is_named_unless_all_are_compared() -> None:
    several = outputs("number", "label")
    assert compared_output(SAME, "outputs", several) is None
    with pytest.raises(ValueError, match="expected `output`, one of o0, o1, got none"):
        check_answers(UP, "outputs", several)
    check_answers(UP.model_copy(update={"output": "o1"}), "outputs", several)
    with pytest.raises(ValueError, match="expected `output` to be one of o0, o1, got 'o2'"):
        check_answers(UP.model_copy(update={"output": "o2"}), "outputs", several)
    with pytest.raises(ValueError, match="`output` is for packages with"):
        check_answers(UP.model_copy(update={"output": "o1"}), "regression", ())
