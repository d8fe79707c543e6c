from __future__ import annotations

import math

import numpy as np
import pytest

from packager.errors import PackageError
from packager.manifest.evaluation import Evaluation, MetricValues, SeedVariance
from packager.worker.replay.seed_variance import (
    interval,
    intervals,
    seed_variance,
    within_seed_variance,
)


def evaluation(accuracy: float, slices: dict[str, float] | None = None) -> Evaluation:
    return Evaluation(
        overall=MetricValues(rows=10, values={"accuracy": accuracy}),
        slices={n: MetricValues(rows=5, values={"accuracy": v}) for n, v in (slices or {}).items()},
    )


def test_the_spread_holds_every_metric_by_seed_and_slice() -> None:
    found = seed_variance(
        [1, 2], [evaluation(0.8, {"a": 0.7, "b": 1}), evaluation(0.9, {"a": 0.6})]
    )
    assert found.overall == {"accuracy": (0.8, 0.9)}
    assert found.slices == {"a": {"accuracy": (0.7, 0.6)}}


def test_one_evaluation_a_seed_is_needed() -> None:
    with pytest.raises(PackageError, match="expected one evaluation a seed, got 1 for 2"):
        seed_variance([1, 2], [evaluation(1)])


def test_the_interval_is_that_of_one_more_value() -> None:
    low, high = interval([1, 2, 3, 4, 5])
    # t(0.975, 4) = 2.776, s = 1.5811, sqrt(1.2) = 1.0954
    assert (low, high) == pytest.approx((3 - 4.8088, 3 + 4.8088), abs=1e-3)
    assert interval([1.0]) == (-math.inf, math.inf)


@pytest.mark.slow
def test_the_interval_covers_95_of_100_new_values() -> None:
    random = np.random.default_rng(5)
    inside = 0
    for _ in range(2000):
        values = random.normal(size=6)
        low, high = interval(values[:5].tolist())
        inside += low <= values[5] <= high
    assert 0.93 < inside / 2000 < 0.97


def test_a_score_within_the_spread_of_five_seeds_is_statistically_equal() -> None:
    spread = SeedVariance(
        seeds=(1, 2, 3, 4, 5), overall={"accuracy": (0.8, 0.81, 0.79, 0.8, 0.8)}, slices={}
    )
    assert within_seed_variance(spread, evaluation(0.81), {})
    assert within_seed_variance(spread, evaluation(0.81), {"accuracy": 0.0})
    assert not within_seed_variance(spread, evaluation(0.85), {})
    assert not within_seed_variance(spread, evaluation(0.81), {"roc_auc": 0.0})
    few = spread.model_copy(update={"seeds": (1, 2)})
    assert not within_seed_variance(few, evaluation(0.81), {})
    assert intervals(None) == {}
