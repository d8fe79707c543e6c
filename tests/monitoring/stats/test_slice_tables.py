"""The sums of every slice, against counting row by row; and ranges on a grid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.stats.slice_features import Grid, SliceFeature, SliceMasks, SliceTerms
from monitoring.stats.slice_fitting import RangeFitter
from monitoring.stats.slice_tables import SliceTables, Sums
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
    over = losses.over
    seen = 0
    for chosen, sums in tables.slices(3):
        for place in range(sums.rows.shape[1]):
            terms = tables.terms_at(chosen, place)
            for half, rows_of in enumerate((first, ~first)):
                inside = masks.of(terms) & rows_of
                other = losses.expected[inside].sum() if losses.expected is not None else 0.0
                expected = (
                    (inside.sum(), loss[inside].sum(), other)
                    if losses.binary
                    else (inside.sum(), over[inside].sum(), (over[inside] ** 2).sum())
                )
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
