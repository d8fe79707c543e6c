"""The search for weak slices: planted ones are found, chance is not, order doesn't matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.stats.slice_features import SliceFeature, SliceTerms
from monitoring.stats.slice_tests import Losses
from monitoring.stats.weak_slices import SearchOptions, SearchResult, find_weak_slices

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

ROWS = 6_000
BASE = 0.1


def made_codes(seed: int, rows: int = ROWS, features: int = 5) -> Codes:
    """Skewed, dependent features of 4 to 6 bins."""
    rng = np.random.default_rng(seed)
    first = rng.choice(5, rows, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    columns = [first]
    for at in range(1, features):
        own = rng.integers(0, 4 + at % 3, rows)
        columns.append(np.where(rng.random(rows) < 0.2, first % (4 + at % 3), own))
    return np.stack(columns, axis=1)


def features_of(codes: Codes) -> list[SliceFeature]:
    return [SliceFeature.of_codes(f"f{at}", codes[:, at]) for at in range(codes.shape[1])]


def wrong(seed: int, chance: Floats) -> Floats:
    return (np.random.default_rng(seed).random(len(chance)) < chance).astype(float)


def planted() -> tuple[Codes, Floats, Floats]:
    """Codes, losses and expected losses; rows with f1 = 2 and f3 = 1 are wrong much more often."""
    codes = made_codes(0)
    chance = np.full(ROWS, BASE)
    chance[(codes[:, 1] == 2) & (codes[:, 3] == 1)] = 0.4
    return codes, wrong(1, chance), np.full(ROWS, BASE)


def found(codes: Codes, losses: Losses, **options: float) -> SearchResult:
    return find_weak_slices(features_of(codes), losses, SearchOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("against", ["confidence", "rest"])
def test_finds_a_planted_slice_and_nothing_else(against: str) -> None:
    codes, loss, expected = planted()
    result = found(codes, Losses(loss, expected if against == "confidence" else None))
    assert [one.terms for one in result.slices] == [SliceTerms((1, 3), (2, 1))]
    one = result.slices[0]
    assert one.rows == int(((codes[:, 1] == 2) & (codes[:, 3] == 1)).sum())
    assert one.interval[0] < 0.3 < one.interval[1]
    assert one.excess == pytest.approx(0.3, abs=0.1)
    assert one.harmed == pytest.approx(one.rows * one.excess)
    assert one.p <= one.q <= 0.05


def test_hard_rows_that_the_model_knows_to_be_hard_are_no_weak_slice() -> None:
    codes = made_codes(3)
    chance = np.where(codes[:, 0] == 2, 0.4, BASE)
    loss = wrong(4, chance)
    assert found(codes, Losses(loss)).slices[0].terms == SliceTerms((0,), (2,))
    assert found(codes, Losses(loss, chance)).slices == ()


def test_a_model_that_is_overconfident_everywhere_has_no_weak_slice() -> None:
    codes = made_codes(5)
    loss = wrong(6, np.full(ROWS, 0.2))
    assert found(codes, Losses(loss, np.full(ROWS, BASE))).slices == ()


def test_finds_a_slice_of_real_losses() -> None:
    codes = made_codes(7)
    rng = np.random.default_rng(8)
    weak = (codes[:, 2] == 3) & (codes[:, 4] == 0)
    loss = rng.exponential(np.where(weak, 4.0, 2.0))
    for expected in (None, np.full(ROWS, 2.0)):
        result = found(codes, Losses(loss, expected), effect=0.2)
        assert [one.terms for one in result.slices] == [SliceTerms((2, 4), (3, 0))]
        assert 0.2 < result.slices[0].interval[0] < result.slices[0].interval[1] < 4


@pytest.mark.parametrize("expected", [None, 0.1])
def test_chance_is_seldom_shown(expected: float | None) -> None:
    """At most 5 % of worlds; the exact tests and the two halves make it fewer."""
    shown = 0
    for seed in range(100):
        codes = made_codes(seed, rows=2_000)
        own = None if expected is None else np.full(2_000, expected)
        shown += bool(found(codes, Losses(wrong(1_000 + seed, np.full(2_000, BASE)), own)).slices)
    assert shown <= 5


def test_copies_of_rows_are_chance_where_groups_are_known() -> None:
    """Five copies of each row: without groups the same noise chooses and confirms."""
    shown = {True: 0, False: 0}
    for seed in range(8):
        rows = np.repeat(np.arange(1_000), 5)
        codes = made_codes(seed, rows=1_000)[rows]
        loss = wrong(2_000 + seed, np.full(1_000, BASE))[rows]
        for grouped in shown:
            losses = Losses(loss, None, rows if grouped else None)
            shown[grouped] += bool(found(codes, losses).slices)
    assert shown[True] == 0
    assert shown[False] >= 6


def test_finds_a_slice_of_rows_in_groups() -> None:
    codes, loss, expected = planted()
    groups = np.arange(ROWS) // 4
    result = found(codes, Losses(loss, expected, groups))
    assert [one.terms for one in result.slices] == [SliceTerms((1, 3), (2, 1))]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_the_order_of_rows_and_features_does_not_matter(
    seed: int, grouped: bool, own: bool
) -> None:
    codes, loss, expected = planted()
    groups = np.arange(ROWS) // 3
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(ROWS), rng.permutation(codes.shape[1])
    features = features_of(codes)
    mixed = [
        SliceFeature(features[at].name, features[at].codes[rows], features[at].terms)
        for at in columns
    ]
    options = SearchOptions()

    def losses(order: npt.NDArray[np.int64]) -> Losses:
        return Losses(
            loss[order], expected[order] if own else None, groups[order] * 7 if grouped else None
        )

    one = find_weak_slices(features, losses(np.arange(ROWS)), options)
    other = find_weak_slices(mixed, losses(rows), options)
    assert one.tried == other.tried
    assert len(one.slices) == len(other.slices) > 0
    for a, b in zip(one.slices, other.slices, strict=True):
        names = [
            sorted(
                (some[at].name, term)
                for at, term in zip(c.terms.features, c.terms.terms, strict=True)
            )
            for some, c in ((features, a), (mixed, b))
        ]
        assert names[0] == names[1]
        assert np.array_equal(a.mask[rows], b.mask)
        assert (a.loss, a.expected, a.p) == pytest.approx((b.loss, b.expected, b.p), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5), st.integers(0, 400))
def test_a_constant_loss_has_no_weak_slice(seed: int, loss: float, rows: int) -> None:
    codes = made_codes(seed, rows=rows)
    for expected in (None, np.full(rows, loss), np.full(rows, loss - 1)):
        assert found(codes, Losses(np.full(rows, loss), expected)).slices == ()


def test_rows_in_no_term_are_in_no_slice() -> None:
    codes, loss, expected = planted()
    features = features_of(codes)
    gone = np.where(codes[:, 1] == 2, -1, codes[:, 1])
    features[1] = SliceFeature("f1", gone, features[1].terms)
    result = find_weak_slices(features, Losses(loss, expected), SearchOptions())
    assert all(1 not in one.terms.features for one in result.slices)


def test_overlapping_terms_find_a_slice_of_several_bins() -> None:
    rng = np.random.default_rng(9)
    codes = rng.integers(0, 10, (ROWS, 2))
    chance = np.where(codes[:, 0] >= 7, 0.18, BASE)
    terms = np.vstack([np.eye(10, dtype=bool), np.arange(10) >= 7])
    features = [
        SliceFeature("number", codes[:, 0], terms),
        SliceFeature.of_codes("other", codes[:, 1]),
    ]
    result = find_weak_slices(features, Losses(wrong(10, chance)), SearchOptions())
    assert [one.terms for one in result.slices] == [SliceTerms((0,), (10,))]


def test_only_the_first_thirty_features_are_searched() -> None:
    codes, loss, _ = planted()
    constant = [SliceFeature.of_codes(f"c{at}", np.zeros(ROWS, int)) for at in range(30)]
    options = SearchOptions(features=2)
    assert find_weak_slices(constant + features_of(codes), Losses(loss), options).slices == ()


def test_refuses_what_cannot_be_searched() -> None:
    features = features_of(made_codes(0, rows=10))
    with pytest.raises(ValueError, match="expected a finite loss for each row"):
        Losses(np.array([1.0, np.nan])).check()
    with pytest.raises(ValueError, match="expected features of 9 rows"):
        find_weak_slices(features, Losses(np.zeros(9)), SearchOptions())
    with pytest.raises(ValueError, match="different names"):
        find_weak_slices([*features, features[0]], Losses(np.zeros(10)), SearchOptions())
    with pytest.raises(ValueError, match="expected 1 to 3 features a slice, got 4"):
        SearchOptions(features=4)
    with pytest.raises(ValueError, match="expected codes from -1 to 1"):
        SliceFeature("f", np.array([2]), np.eye(2, dtype=bool))
