"""Right answers in the form of a member's answers."""

from __future__ import annotations

from typing import Any

import pytest

from modelhost.errors import PackageError
from modelhost.solution.replacement import right_answers
from modelhost.solution.spec import MemberSpec


def spec(task: str) -> MemberSpec:
    return MemberSpec(
        *("member", "inline", None, "fail", "column", task, "auto", "joblib", "frame"),
        *(None, (), (), {}),
    )


def test_right_labels_are_certain() -> None:
    found = right_answers(spec("classification"), ["a", None, "c"], ("a", "b"), chances=True)
    assert found.labels == ["a", None, "c"]
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("truth", "classes", "labels"),
    [
        ([1.0, None, 0.0], (0, 1), [1, None, 0]),
        ([True, False], (False, True), [True, False]),
        (["1", "0"], (0, 1), [1, 0]),
        ([1, 2], (1.0, 2.0), [1.0, 2.0]),
    ],
)
def test_labels_have_the_type_of_the_members(
    truth: list[Any], classes: tuple[Any, ...], labels: list[Any]
) -> None:
    """A column of whole numbers with nulls holds floats."""
    found = right_answers(spec("classification"), truth, classes, chances=False).labels
    assert found == labels
    assert [*map(type, found)] == [*map(type, labels)]


def test_values_that_can_be_no_answer_are_refused() -> None:
    with pytest.raises(PackageError) as labels:
        right_answers(spec("classification"), ["x", "y"], ("a", "b"), chances=False)
    assert labels.value.message == (
        "member 'member': `truth`: expected its labels a, b in column 'column', got x, y"
    )
    with pytest.raises(PackageError, match="expected numbers in column 'column', got 'x'"):
        right_answers(spec("regression"), [1, "x"], None, chances=False)
    assert right_answers(spec("regression"), [1, None], None, chances=False).labels == [1.0, None]
