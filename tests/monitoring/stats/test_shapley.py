"""Exact Shapley values: their axioms, on any values of coalitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitoring.stats.shapley import MAX_PLAYERS, coalitions, contributions, mean_share

Floats = npt.NDArray[np.float64]
values = st.integers(0, 5).flatmap(
    lambda k: arrays(np.float64, (2**k, 4), elements=st.floats(-1e3, 1e3, width=32))
)


@given(values)
@settings(max_examples=many(60), deadline=None)
def test_the_shares_add_up_to_what_everybody_makes(found: Floats) -> None:
    total = contributions(found).sum(axis=0)
    np.testing.assert_allclose(total, found[-1] - found[0], atol=1e-9)


@pytest.mark.slow
@given(values)
@settings(max_examples=40, deadline=None)
def test_they_are_the_mean_over_all_orders(found: Floats) -> None:
    players = len(found).bit_length() - 1
    expected = np.zeros((players, found.shape[1]))
    orders = list(itertools.permutations(range(players)))
    for order in orders:
        inside = 0
        for player in order:
            expected[player] += (found[inside | 1 << player] - found[inside]) / len(orders)
            inside |= 1 << player
    np.testing.assert_allclose(contributions(found), expected, atol=1e-9)


@given(st.integers(1, 4), st.integers(0, 3), st.data())
@settings(max_examples=40, deadline=None)
def test_a_player_that_changes_nothing_has_no_share(k: int, who: int, data: st.DataObject) -> None:
    who %= k
    found = data.draw(arrays(np.float64, (2**k, 3), elements=st.floats(-10, 10, width=16)))
    for number in range(2**k):
        found[number | 1 << who] = found[number & ~(1 << who)]
    assert np.abs(contributions(found)[who]).max() < 1e-12


@given(st.floats(0, 1), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_players_that_back_each_other_up_have_equal_shares(error: float, k: int) -> None:
    """Any of them prevents the error: one at a time, each would get all of it."""
    found = np.full((2**k, 1), 0.0)
    found[0] = error
    np.testing.assert_allclose(contributions(found), -error / k, atol=1e-12)


@given(values, st.floats(-5, 5))
@settings(max_examples=30, deadline=None)
def test_they_are_linear_and_ignore_a_constant(found: Floats, more: float) -> None:
    np.testing.assert_allclose(contributions(found + more), contributions(found), atol=1e-8)
    np.testing.assert_allclose(contributions(found * more), contributions(found) * more, atol=1e-7)


def test_a_negative_share_stays_negative() -> None:
    """The right answer of the second player makes a row worse, whatever the first answers."""
    found = np.array([[1.0], [0.0], [1.5], [0.5]])
    assert contributions(found).ravel().tolist() == [-1.0, 0.5]


def test_coalitions_are_bits() -> None:
    assert list(coalitions(2)) == [(), (0,), (1,), (0, 1)]
    assert list(coalitions(0)) == [()]
    with pytest.raises(ValueError, match="expected at most 9 players, got 10"):
        list(coalitions(MAX_PLAYERS + 1))
    with pytest.raises(ValueError, match=r"expected the values of 2\*\*k coalitions, got 3"):
        contributions(np.zeros((3, 1)))


def test_the_interval_of_a_share() -> None:
    """Of 100 zeros and ones the interval is Student's of their mean."""
    rows = np.tile([0.0, 1.0], 50)
    found = mean_share(rows)
    assert found.value == 0.5
    assert found.high - found.value == pytest.approx(1.9842 * 0.5 / math.sqrt(99), rel=1e-3)


def test_rows_that_belong_together_widen_it() -> None:
    rows = np.random.default_rng(0).normal(size=50)
    alone, five = mean_share(rows), mean_share(np.repeat(rows, 5), np.repeat(np.arange(50), 5))
    assert five.low == pytest.approx(alone.low)
    assert mean_share(np.repeat(rows, 5)).low > alone.low


def test_one_row_has_no_interval() -> None:
    found = mean_share(np.array([0.25]))
    assert found.value == 0.25
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_the_true_share(seed: int) -> None:
    """95 % of the intervals of 200 samples hold the share of the population."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(200):
        wrong = rng.random(80) < 0.3
        found = mean_share(wrong.astype(np.float64))
        held += found.low <= 0.3 <= found.high
    assert 0.90 <= held / 200 <= 0.99
