"""Labels and probabilities from tensors of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers, Inputs
from modelhost.objects.scores import (
    LOG_SOFTMAX,
    OPEN,
    SIGMOID,
    SOFTMAX,
    ScoringModel,
    adapt_scored,
    in_batches,
)

TWO = np.array([[0.25, 0.75], [0.5, 0.5]])


def model(found: Any, ending: str, width: int | None = None) -> ScoringModel:
    return ScoringModel(None, "the model", lambda _: found, Inputs(), ending, width)


@pytest.mark.parametrize(
    ("found", "ending"),
    [(TWO, SOFTMAX), (np.log(TWO), LOG_SOFTMAX), (TWO[:, 1:], SIGMOID), (TWO[:, 1], SIGMOID)],
)
def test_a_model_that_ends_in_probabilities_gives_them(found: Any, ending: str) -> None:
    made = adapt_scored(model(found, ending), DeclaredAnswers("classification", ("no", "yes")))
    assert made.predict(None) == ["yes", "no"]
    assert np.allclose(made.predict_proba(None), TWO)


def test_open_scores_give_labels_alone() -> None:
    asked = DeclaredAnswers("classification", ("no", "yes"))
    for found in ([[-1.0, 2.0], [3.0, 1.0]], [[2.0], [-0.5]], [2.0, -0.5]):
        made = adapt_scored(model(np.array(found), OPEN), asked)
        assert made.predict(None) == ["yes", "no"]
        assert not hasattr(made, "predict_proba")


def test_numbers_are_for_a_regression() -> None:
    made = adapt_scored(model(np.array([1.0]), OPEN, 1), DeclaredAnswers("regression"))
    assert made.predict(None).tolist() == [1.0]


@pytest.mark.parametrize(
    ("ending", "width", "asked", "message"),
    [
        (OPEN, 3, DeclaredAnswers("regression"), "gives 3 numbers a row, expected one"),
        (OPEN, None, DeclaredAnswers("classification"), "does not record its classes"),
        (
            SIGMOID,
            3,
            DeclaredAnswers("classification"),
            "gives 3 probabilities that don't add up to 1",
        ),
        (
            SIGMOID,
            None,
            DeclaredAnswers("classification", ("a", "b", "c")),
            "gives 3 probabilities",
        ),
    ],
)
def test_what_is_no_single_answer_is_refused(
    ending: str, width: int | None, asked: DeclaredAnswers, message: str
) -> None:
    with pytest.raises(PackageError, match=message):
        adapt_scored(model(None, ending, width), asked)


def test_a_fixed_batch_is_filled_up() -> None:
    sizes = []

    def run(rows: Any) -> Any:
        sizes.append(len(rows))
        return rows.sum(axis=1)

    rows = np.arange(10.0).reshape(5, 2)
    assert in_batches(run, rows, 2).tolist() == rows.sum(axis=1).tolist()
    assert in_batches(run, rows, None).tolist() == rows.sum(axis=1).tolist()
    assert sizes == [2, 2, 2, 5]


def test_several_tensors_of_a_fixed_batch_stay_apart() -> None:
    rows = np.arange(10.0).reshape(5, 2)
    for give in (lambda one, two: [one, two], lambda one, two: {"sum": one, "first": two}):
        found = in_batches(lambda part, g=give: g(part.sum(axis=1), part[:, 0]), rows, 2)
        total, first = found.values() if isinstance(found, dict) else found
        assert total.tolist() == rows.sum(axis=1).tolist()
        assert first.tolist() == rows[:, 0].tolist()
