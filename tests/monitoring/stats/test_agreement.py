"""Agreement of annotators, against other programs, published examples and its definition."""

from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from monitoring.stats.agreement import (
    MIN_ROWS,
    RESAMPLES,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)

NAN = np.nan
LEVELS = ("nominal", "ordinal", "interval")
KRIPPENDORFF_2011 = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
"""Example C of "Computing Krippendorff's Alpha-Reliability" (2011): 12 rows, 4 observers."""
FLEISS_1971 = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip
"""The worked example of 14 raters and 10 subjects; kappa is 0.210."""


@pytest.mark.parametrize(
    ("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_that_of_the_published_example(level, value):
    found = krippendorff_alpha(KRIPPENDORFF_2011, level)
    assert found.value == pytest.approx(value, abs=5e-4)
    assert found.rows == 11


def test_fleiss_kappa_is_that_of_the_published_example():
    labels = np.array([np.repeat(np.arange(5.0), counts) for counts in FLEISS_1971])
    assert fleiss_kappa(labels).value == pytest.approx(0.210, abs=5e-4)


def arrays(missing):
    cell = st.integers(0, 3).map(float)
    cell = cell | st.just(NAN) if missing else cell
    row = st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(cell, min_size=width, max_size=width), min_size=2, max_size=9
        )
    )
    return row.map(np.array)


def alpha_by_definition(labels, level):
    """1 - observed / expected disagreement, with every pair of labels compared."""
    rows = [row[~np.isnan(row)] for row in labels]
    rows = [row for row in rows if len(row) >= 2]
    every = np.concatenate(rows) if rows else np.empty(0)

    def metric(a, b):
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        ends = (every == low).sum() / 2 + (every == high).sum() / 2
        return (((every >= low) & (every <= high)).sum() - ends) ** 2 if a != b else 0.0

    if not rows:
        return NAN
    count = len(every)
    within = sum(2 * metric(a, b) / (len(row) - 1) for row in rows for a, b in combinations(row, 2))
    overall = sum(2 * metric(a, b) for a, b in combinations(every, 2))
    return 1 - (within / count) / (overall / (count * (count - 1))) if overall else NAN


@settings(max_examples=many(60))
@given(arrays(missing=True), st.sampled_from(LEVELS))
def test_alpha_is_what_its_definition_says(labels, level):
    found = krippendorff_alpha(labels, level).value
    assert found == pytest.approx(alpha_by_definition(labels, level), nan_ok=True)


@pytest.mark.slow
@settings(max_examples=many(60))
@given(arrays(missing=False))
def test_kappas_are_those_of_other_libraries(labels):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        cohen = cohen_kappa_score(labels[:, 0], labels[:, 1])
        counts, _ = inter_rater.aggregate_raters(labels.astype(int))
        fleiss = inter_rater.fleiss_kappa(counts)
    assert cohen_kappa(labels[:, 0], labels[:, 1]).value == pytest.approx(cohen, nan_ok=True)
    assert fleiss_kappa(labels).value == pytest.approx(fleiss, nan_ok=True)


@settings(max_examples=30)
@given(arrays(missing=True), st.randoms(use_true_random=False), st.sampled_from(LEVELS))
def test_the_order_of_rows_and_annotators_does_not_matter(labels, random, level):
    rows, people = [*range(len(labels))], [*range(labels.shape[1])]
    random.shuffle(rows)
    random.shuffle(people)
    moved = krippendorff_alpha(labels[rows][:, people], level)
    assert moved.value == pytest.approx(krippendorff_alpha(labels, level).value, nan_ok=True)


def test_interval_alpha_does_not_depend_on_origin_and_unit():
    numbers = np.random.default_rng(0).normal(size=(40, 3))
    found = krippendorff_alpha(numbers, "interval")
    far = krippendorff_alpha(1e6 + numbers / 7, "interval")
    assert far.value == pytest.approx(found.value, abs=1e-6)


def worlds(rows, rng):
    """Three annotators who are right in three of four rows, and guess in the others."""
    truth = rng.integers(0, 3, rows)
    guesses = rng.integers(0, 3, (3, rows))
    return np.where(rng.random((3, rows)) < 0.75, truth, guesses).T.astype(float)


@pytest.mark.slow
def test_the_interval_covers_the_true_agreement():
    rng, repeats = np.random.default_rng(1), 60
    true = krippendorff_alpha(worlds(100_000, rng), "nominal").value
    found = [krippendorff_alpha(worlds(60, rng), "nominal") for _ in range(repeats)]
    covered = sum(one.low <= true <= one.high for one in found)
    # Binomial with 0.95: fewer than 50 of 60 in one of 4,000 runs; the seed is fixed.
    assert covered >= 50


@pytest.mark.slow
def test_many_different_rows_have_the_interval_of_few():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=4_000)
    numbers = truth[:, None] + rng.normal(size=(4_000, 2))
    found = krippendorff_alpha(numbers, "interval")
    assert found.value == pytest.approx(0.5, abs=0.05)
    # Of a correlation r of n pairs, the standard error is about (1 - r²) / sqrt(n).
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.75 / np.sqrt(4_000), rel=0.2)


def test_absent_agreement_is_no_good_news():
    one = np.array([1.0, NAN])
    assert np.isnan(cohen_kappa(one, one[::-1]).value)
    assert cohen_kappa(one, one[::-1]).rows == 0
    same = np.ones((50, 2))
    assert np.isnan(cohen_kappa(same[:, 0], same[:, 1]).value)
    assert np.isnan(fleiss_kappa(same).value)
    assert all(np.isnan(krippendorff_alpha(same, level).value) for level in LEVELS)
    assert np.isnan(fleiss_kappa(np.array([[1.0, 2.0], [1.0, NAN]])).value)
    assert np.isnan(krippendorff_alpha(np.full((3, 2), NAN), "nominal").value)


def test_too_few_rows_and_no_dispute_have_no_interval():
    few = np.tile([[0.0, 1.0], [1.0, 1.0]], (MIN_ROWS // 2 - 1, 1))
    assert np.isnan(krippendorff_alpha(few, "nominal").low)
    perfect = np.repeat(np.arange(MIN_ROWS) % 2.0, 2).reshape(-1, 2)
    found = krippendorff_alpha(perfect, "nominal")
    assert found.value == 1
    assert np.isnan(found.low)


def test_the_same_labels_have_the_same_interval():
    labels = worlds(50, np.random.default_rng(3))
    assert krippendorff_alpha(labels, "nominal") == krippendorff_alpha(labels, "nominal")
    assert RESAMPLES >= 1_000
