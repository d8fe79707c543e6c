import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.rollout.latency import (
    LOOKS,
    QUANTILES,
    LatencyBound,
    judge_latency,
    quantile_interval,
)

BOUND = LatencyBound()
seconds = st.floats(0.0001, 10, allow_nan=False)


def drawn(count: int, factor: float, seed: int) -> list[float]:
    source = random.Random(seed)
    return [factor * source.lognormvariate(math.log(0.004), 0.3) for _ in range(count)]


def test_equal_versions_pass():
    found = judge_latency(drawn(200, 1, 0), drawn(200, 1, 1), BOUND)
    assert found.outcome == "passed"
    assert "in 200 pairs; allowed: 1.5 times the earlier and 5 ms" in found.text
    assert [one["share"] for one in found.numbers["quantiles"]] == [0.5, 0.95]


def test_a_version_of_ten_times_the_time_fails():
    assert judge_latency(drawn(200, 1, 0), drawn(200, 10, 1), BOUND).outcome == "failed"


def test_a_slow_tail_fails_alone():
    slow = [0.5 if place % 8 == 0 else one for place, one in enumerate(drawn(800, 1, 1))]
    found = judge_latency(drawn(800, 1, 0), slow, BOUND)
    assert found.outcome == "failed"
    assert [one["outcome"] for one in found.numbers["quantiles"]] == ["passed", "failed"]


@pytest.mark.parametrize("pairs", [0, 1, 20])
def test_few_pairs_are_too_few_to_tell(pairs):
    found = judge_latency(drawn(pairs, 1, 0), drawn(pairs, 1, 1), BOUND)
    assert found.outcome == "too few"
    assert "too few pairs" in found.text or pairs == 0


@given(st.lists(seconds, min_size=1, max_size=300), st.sampled_from(QUANTILES))
def test_an_interval_holds_the_quantile(measured, share):
    ordered = sorted(measured)
    low, high = quantile_interval(ordered, share, 0.001)
    at = ordered[math.ceil(share * len(ordered)) - 1]
    assert low <= at <= high


@given(st.integers(1, 60), st.sampled_from(QUANTILES))
def test_an_interval_is_wrong_no_more_often_than_stated(count, share):
    """The ranks are those of the binomial distribution, summed here term by term."""
    outside = 0.01
    low, high = quantile_interval([*range(1, count + 1)], share, outside)
    chances = [
        math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(count + 1)
    ]
    assert sum(chances[: int(low)]) <= outside + 1e-12
    if math.isfinite(high):
        assert sum(chances[int(high) :]) <= outside + 1e-12


@given(st.lists(seconds, min_size=120, max_size=200), st.floats(1, 20))
def test_a_slower_new_version_is_never_judged_better(measured, factor):
    rank = {"passed": 0, "too few": 1, "failed": 2}
    same = judge_latency(measured, measured, BOUND)
    slower = judge_latency(measured, [factor * one for one in measured], BOUND)
    assert rank[slower.outcome] >= rank[same.outcome]


@pytest.mark.slow
def test_a_version_at_the_bound_is_refused_no_more_often_than_stated():
    """The new version is exactly as slow as allowed: the worst case of a false alarm."""
    bound, refused = LatencyBound(ratio=1.0, slack_seconds=0.0, alarm=0.2), 0
    for seed in range(300):
        outcomes = [
            judge_latency(drawn(n, 1, 2 * seed), drawn(n, 1, 2 * seed + 1), bound).outcome
            for n in LOOKS[:2]
        ]
        refused += "failed" in outcomes
    assert refused / 300 <= 0.2
