"""The sums of every slice, against counting row by row; and ranges on a grid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.stats.slice_features import Grid, SliceFeature, SliceMasks, SliceTerms
from monitoring.stats.slice_fitting import RangeFitter
from monitoring.stats.slice_scores import scores
from monitoring.stats.slice_tables import SliceTables, Sums, row_weights
from monitoring.stats.slice_tests import Losses
from monitoring.stats.weak_slices import SearchOptions, find_weak_slices


def made_features(draw: np.random.Generator, rows: int, count: int) -> list[SliceFeature]:
    features = []
    for at in range(count):
        bins = int(draw.integers(1, 5))
        codes = draw.integers(-1, bins, rows)
        terms = draw.random((int(draw.integers(1, 6)), bins)) < 0.5
        features.append(SliceFeature(f"f{at}", codes, terms))
    return features


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60), st.booleans(), st.booleans())
def test_the_sums_of_every_slice_are_those_of_its_rows(
    seed: int, rows: int, binary: bool, own: bool
) -> None:
    draw = np.random.default_rng(seed)
    features = made_features(draw, rows, 3)
    loss = draw.integers(0, 2, rows).astype(float) if binary else draw.normal(size=rows)
    losses = Losses(loss, draw.random(rows) if own else None)
    first = draw.random(rows) < 0.5
    tables, masks = SliceTables(features, losses, first), SliceMasks(features)
    _, weights, others = row_weights(losses, first)
    seen = 0
    for chosen, sums in tables.slices(3):
        for place in range(sums.rows.shape[1]):
            terms = tables.terms_at(chosen, place)
            for half, rows_of in enumerate((first, ~first)):
                inside = masks.of(terms) & rows_of
                expected = (inside.sum(), weights[inside].sum(), others[inside].sum())
                found = (sums.rows[half, place], sums.loss[half, place], sums.other[half, place])
                assert found == pytest.approx(expected, abs=1e-9)
            seen += 1
    sizes = [len(feature.terms) for feature in features]
    sets = itertools.chain.from_iterable(itertools.combinations(sizes, k) for k in (1, 2, 3))
    assert seen == sum(int(np.prod(one)) for one in sets)


def numbers(draw: np.random.Generator, rows: int, name: str) -> SliceFeature:
    """A number in four bins, on a grid of forty."""
    fine = draw.integers(-1, 40, rows)
    codes = np.where(fine < 0, -1, fine // 10)
    grid = Grid(fine, tuple((10 * at, 10 * at + 10) for at in range(4)), 40)
    return SliceFeature(name, codes, np.eye(4, dtype=bool), grid)


def test_every_range_of_a_grid_has_its_sums() -> None:
    draw = np.random.default_rng(0)
    feature = numbers(draw, 500, "x")
    loss = draw.integers(0, 2, 500).astype(float)
    first = draw.random(500) < 0.5
    found = SliceTables([feature], Losses(loss), first).ranges(0)
    assert found is not None
    slices, sums = found
    assert isinstance(sums, Sums)
    assert len(slices) == 41 * 40 // 2
    for at, one in enumerate(slices):
        inside = SliceMasks([feature]).of(one) & first
        assert (sums.rows[0, at], sums.loss[0, at]) == (inside.sum(), loss[inside].sum())


@pytest.mark.slow
def test_ranges_are_fitted_and_terms_that_say_nothing_are_dropped() -> None:
    draw = np.random.default_rng(1)
    features = [numbers(draw, 20_000, name) for name in "xyz"]
    grids = [one.grid.codes for one in features if one.grid is not None]
    weak = (grids[0] >= 5) & (grids[0] < 17) & (grids[1] >= 22) & (grids[1] < 36)
    loss = (draw.random(20_000) < np.where(weak, 0.5, 0.1)).astype(float)
    fitter = RangeFitter(SliceMasks(features), Losses(loss), 25)
    found = fitter.fitted(SliceTerms((0, 1, 2), (1, 2, 3)))
    assert found.features == (0, 1)
    assert found.spans == ((5, 17), (22, 36))
    result = find_weak_slices(features, Losses(loss), SearchOptions())
    assert [one.terms.features for one in result.slices] == [(0, 1)]
    both = (weak & result.slices[0].mask).sum() / (weak | result.slices[0].mask).sum()
    assert both > 0.9


def test_the_weights_of_shares_are_the_losses_and_the_expected_ones() -> None:
    loss, expected = np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.3, 0.4])
    assert [list(one) for one in row_weights(Losses(loss, expected))[1:]] == [
        [0.0, 1.0, 1.0],
        [0.2, 0.3, 0.4],
    ]


def test_the_largest_real_losses_are_capped_in_each_half_by_its_own_rows() -> None:
    loss = np.r_[np.zeros(90), np.ones(9), 1_000.0, np.zeros(90), np.full(10, 2.0)]
    first = np.arange(200) < 100
    _, capped, squares = row_weights(Losses(loss), first)
    assert capped[99] == capped[0] + 1_000  # the only loss above the mean of its half
    assert capped[150:].max() - capped[150:].min() == pytest.approx(2.0)
    np.testing.assert_allclose(squares, capped**2)
    many = np.r_[np.zeros(50), np.arange(1.0, 51.0)]
    _, capped, _ = row_weights(Losses(many))
    above = many[many > many.mean()]
    assert capped.max() == pytest.approx(np.quantile(above, 0.8) - many.mean())
    assert (capped == capped.max()).sum() == pytest.approx(len(above) / 5, abs=1)
    assert [len(one) for one in row_weights(Losses(np.zeros(0)))[1:]] == [0, 0]


def test_squares_of_scores_of_weak_parts_exceed_that_of_their_whole() -> None:
    # Losses that vary with their mean: rows, sum, sum of squares of two parts and of the whole.
    parts = Sums(*map(np.array, ([200.0, 200, 1_000], [400.0, 300, 700], [1_600.0, 900, 2_500])))
    total = Sums(np.array([5_000.0]), np.array([700.0]), np.array([9_000.0]))
    excess, (one, other, whole) = scores(parts, total, binary=False, own=False)
    assert excess[0] == pytest.approx(400 / 200 - 300 / 4_800)
    variance = 9_000 / 5_000 - (700 / 5_000) ** 2
    assert one == pytest.approx(excess[0] / np.sqrt(variance * (1 / 200 + 1 / 4_800)))
    assert one**2 + other**2 > 1.5 * whole**2
