from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.stats.selection import draw, inclusion_probabilities

pytestmark = pytest.mark.slow

sizes = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60)


@given(sizes, st.data())
def test_probabilities_are_above_0_at_most_1_and_sum_up_to_the_rows(given_sizes, data):
    rows = data.draw(st.integers(1, len(given_sizes)))
    found = inclusion_probabilities(np.array(given_sizes), rows)
    assert (found > 0).all()
    assert (found <= 1).all()
    assert found.sum() == pytest.approx(rows)


@given(sizes, st.data())
def test_probabilities_are_in_proportion_unless_a_row_is_certain(given_sizes, data):
    rows = data.draw(st.integers(1, len(given_sizes)))
    size = np.array(given_sizes)
    found = inclusion_probabilities(size, rows)
    open_ = found < 1
    ratios = found[open_] / size[open_]
    assert ratios == pytest.approx(np.full(len(ratios), ratios[0] if len(ratios) else 0))
    if open_.any() and not open_.all():
        assert size[~open_].min() >= size[open_].max() * (1 - 1e-9)


@pytest.mark.parametrize(
    ("given_sizes", "rows"), [([1.0], 2), ([1.0, 2.0], 0), ([1.0, 0.0], 1), ([1.0, np.nan], 1)]
)
def test_what_is_no_size_is_refused(given_sizes, rows):
    with pytest.raises(ValueError, match="expected"):
        inclusion_probabilities(np.array(given_sizes), rows)


@given(sizes, st.data())
def test_as_many_rows_are_drawn_as_asked_for_and_each_once(given_sizes, data):
    rows = data.draw(st.integers(1, len(given_sizes)))
    seed = data.draw(st.integers(0, 2**70))
    probabilities = inclusion_probabilities(np.array(given_sizes), rows)
    hashes = np.array(
        data.draw(
            st.lists(
                st.integers(0, 2**64 - 1), min_size=len(given_sizes), max_size=len(given_sizes)
            )
        ),
        np.uint64,
    )
    found = draw(probabilities, hashes, seed)
    assert len({*found.tolist()}) == len(found) == rows
    assert {*np.flatnonzero(probabilities == 1).tolist()} <= {*found.tolist()}


def test_the_choice_depends_on_rows_and_seed_and_not_on_their_order():
    random = np.random.default_rng(1)
    hashes = random.integers(0, 2**64, 500, np.uint64)
    probabilities = inclusion_probabilities(random.random(500) + 0.1, 50)
    first = draw(probabilities, hashes, 7)
    order = random.permutation(500)
    again = draw(probabilities[order], hashes[order], 7)
    assert hashes[order][again].tolist() == hashes[first].tolist()
    assert draw(probabilities, hashes, 8).tolist() != first.tolist()


def test_every_row_is_drawn_as_often_as_its_probability_says():
    sizes_ = np.array([1.0, 1, 2, 4, 8, 30])
    probabilities = inclusion_probabilities(sizes_, 3)
    random = np.random.default_rng(2)
    hashes = random.integers(0, 2**64, 6, np.uint64)
    trials = 3_000
    counts = sum(
        np.bincount(draw(probabilities, hashes, seed), minlength=6) for seed in range(trials)
    )
    error = np.sqrt(probabilities * (1 - probabilities) / trials)
    assert (np.abs(counts / trials - probabilities) <= 4 * error).all()


def test_every_order_and_start_give_the_probabilities_exactly():
    """Systematic sampling on each order of four rows, over all starts, by exact enumeration."""
    probabilities = inclusion_probabilities(np.array([1.0, 2, 3, 4]), 2)
    chosen = np.zeros(4)
    for order in permutations(range(4)):
        ends = np.cumsum(probabilities[list(order)])
        starts = np.unique(np.concatenate([[0.0, 1.0], ends % 1]))
        for low, high in pairwise(starts):
            passed = np.ceil(np.round(ends - (low + high) / 2, 12)).clip(0)
            taken = np.array(order)[np.diff(passed, prepend=0) > 0]
            chosen[taken] += (high - low) / 24
    assert chosen == pytest.approx(probabilities)


def test_the_first_rows_of_a_choice_are_a_random_part_of_it():
    random = np.random.default_rng(3)
    hashes = random.integers(0, 2**64, 40, np.uint64)
    probabilities = np.full(40, 0.5)
    first = sum(
        np.bincount(draw(probabilities, hashes, seed)[:5], minlength=40) for seed in range(1_500)
    )
    error = np.sqrt(0.125 * 0.875 / 1_500)
    assert np.abs(first / 1_500 - 0.125).max() <= 4.5 * error
