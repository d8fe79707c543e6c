"""Dawid and Skene's estimate, by hand and against what generated the labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.stats.annotators import TrueClasses, dawid_skene


def of_table(table: list[list[int]]) -> TrueClasses:
    """Every annotator (column) labels every row."""
    labels = np.array(table)
    rows, people = np.indices(labels.shape)
    return dawid_skene(rows.ravel(), people.ravel(), labels.ravel())


def test_an_example_worked_by_hand() -> None:
    # Annotators 0 and 1 always agree; 2 gives class 0 always. Votes begin with 1 and 2/3 of the
    # right class; the estimate ends with certainty, because nothing contradicts 0 and 1.
    found = of_table([[0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 0]])
    assert found.converged
    assert found.posterior == pytest.approx(np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), abs=1e-6)
    assert found.prior == pytest.approx([0.5, 0.5])
    assert found.confusion[0] == pytest.approx(np.eye(2), abs=1e-6)
    assert found.confusion[2] == pytest.approx(np.array([[1, 0], [1, 0]]), abs=1e-6)
    assert found.accuracy == pytest.approx([1, 1, 0.5])
    # Each row has probability 1/2 of its class, and its labels are certain then.
    assert found.log_likelihood == pytest.approx(4 * np.log(0.5))


def test_the_first_iteration_worked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.stats.annotators.MAX_ITERATIONS", 1)
    found = of_table([[0, 0, 1], [1, 1, 1], [0, 1, 1]])
    # Shares of votes: (2/3, 1/3), (0, 1), (1/3, 2/3); so classes are 1/3 and 2/3 of the rows.
    assert not found.converged
    assert found.prior == pytest.approx([1 / 3, 2 / 3])
    # Annotator 0 said 0 in rows 0 and 2, which have all of class 0 and 1/3 + 2/3 of 2 of class 1.
    assert found.confusion[0] == pytest.approx(np.array([[1, 0], [1 / 2, 1 / 2]]), abs=1e-9)
    # Annotator 1 said 0 in row 0: 2/3 of 1 of class 0, and 1/3 of 2 of class 1.
    assert found.confusion[1] == pytest.approx(np.array([[2 / 3, 1 / 3], [1 / 6, 5 / 6]]))
    assert found.confusion[2] == pytest.approx(np.array([[0, 1], [0, 1]]), abs=1e-9)
    # Row 0: 1/3 · 1 · 2/3 · 1 = 2/9 to 2/3 · 1/2 · 1/6 · 1 = 1/18; row 2: 1/9 to 5/18.
    assert found.posterior[0] == pytest.approx([0.8, 0.2])
    assert found.posterior[1] == pytest.approx([0, 1], abs=1e-8)
    assert found.posterior[2] == pytest.approx([2 / 7, 5 / 7])


def test_matrices_and_classes_are_found_where_the_majority_is_wrong() -> None:
    draw = np.random.default_rng(0)
    rights = np.array([0.95, 0.9, 0.55, 0.55, 0.5])
    truth = draw.integers(0, 3, 3_000)
    wrong = (truth[:, None] + draw.integers(1, 3, (3_000, 5))) % 3
    labels = np.where(draw.random((3_000, 5)) < rights, truth[:, None], wrong)
    found = of_table(labels.tolist())
    assert found.accuracy == pytest.approx(rights, abs=0.03)
    votes = np.stack([(labels == one).sum(axis=1) for one in range(3)], axis=1)
    majority = (votes.argmax(axis=1) == truth).mean()
    estimated = (found.posterior.argmax(axis=1) == truth).mean()
    assert estimated > majority + 0.05
    # A probability is what it says.
    assert found.posterior.max(axis=1).mean() == pytest.approx(estimated, abs=0.01)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_order_does_not_matter_and_more_iterations_are_never_less_likely(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = np.concatenate([np.arange(20), draw.integers(0, 20, 60)])
    people, labels = draw.integers(0, 4, 80), draw.integers(0, 3, 80)
    people[:4], labels[:3] = range(4), range(3)
    found = dawid_skene(rows, people, labels)
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert found.confusion.sum(axis=2) == pytest.approx(1)
    order = draw.permutation(80)
    again = dawid_skene(rows[order], people[order], labels[order])
    assert again.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitoring.stats.annotators.MAX_ITERATIONS", 3)
        early = dawid_skene(rows, people, labels)
    assert found.log_likelihood >= early.log_likelihood - 1e-6


def test_labels_that_cannot_tell_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 3 annotators and 2 classes or more, got 2 and"):
        of_table([[0, 1]])
    with pytest.raises(ValueError, match="got 3 and 1"):
        of_table([[0, 0, 0]])
    many = np.arange(3_000)
    with pytest.raises(ValueError, match="expected fewer classes, labels or annotators, got 3,000"):
        dawid_skene(many, many % 3, many)
