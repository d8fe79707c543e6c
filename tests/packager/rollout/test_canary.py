import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.rollout.canary import CanaryRule, judge_canary, needed_factor, p_value, power
from packager.rollout.proxy_control import SlotTraffic

RULE = CanaryRule()


@st.composite
def traffics(draw: st.DrawFn) -> SlotTraffic:
    requests = draw(st.integers(0, 3000))
    return SlotTraffic(requests, draw(st.integers(0, requests)))


def test_equal_shares_with_much_traffic_pass():
    found = judge_canary(SlotTraffic(9000, 9), SlotTraffic(1000, 1), RULE)
    assert found.outcome == "passed"
    assert "1 of 1000 requests failed, beside 9 of 9000 of the earlier version" in found.text
    assert "2.0% more failures would be seen with a probability of" in found.text


def test_more_failures_fail():
    found = judge_canary(SlotTraffic(9000, 9), SlotTraffic(1000, 40), RULE)
    assert found.outcome == "failed"
    assert found.numbers["p"] < 0.01


def test_little_traffic_is_no_good_news():
    found = judge_canary(SlotTraffic(90, 0), SlotTraffic(10, 0), RULE)
    assert found.outcome == "too few"
    assert "too little traffic to tell" in found.text
    assert "times the traffic is needed" in found.text


@pytest.mark.parametrize("old", [SlotTraffic(0, 0), SlotTraffic(100, 0)])
def test_no_traffic_at_all_is_too_little(old):
    assert judge_canary(old, SlotTraffic(0, 0), RULE).outcome == "too few"


def test_without_requests_to_the_earlier_version_there_is_no_comparison():
    assert judge_canary(SlotTraffic(0, 0), SlotTraffic(5000, 0), RULE).outcome == "too few"


@given(traffics(), traffics())
def test_the_power_is_that_of_the_test(old, new):
    """Summed term by term over the failures that the test calls too many."""
    if not old.requests or not 0 < new.requests <= 300:
        return
    share = min(1.0, old.failures / old.requests + RULE.increase)
    n = new.requests
    exact = sum(
        math.comb(n, k) * share**k * (1 - share) ** (n - k)
        for k in range(n + 1)
        if p_value(old, SlotTraffic(n, k)) < RULE.alarm
    )
    assert power(old, n, RULE) == pytest.approx(exact, abs=1e-9)


@given(traffics(), st.integers(1, 2000))
def test_a_version_that_fails_nothing_is_never_refused(old, requests):
    assert judge_canary(old, SlotTraffic(requests, 0), RULE).outcome != "failed"


@given(traffics(), traffics())
def test_one_more_failure_is_never_better(old, new):
    if new.failures < new.requests:
        worse = SlotTraffic(new.requests, new.failures + 1)
        assert p_value(old, worse) <= p_value(old, new) + 1e-12


def test_the_traffic_that_is_named_is_enough():
    old, new = SlotTraffic(90, 0), SlotTraffic(10, 0)
    factor = needed_factor(old, new, RULE)
    assert factor is not None
    assert power(SlotTraffic(90 * factor, 0), 10 * factor, RULE) >= RULE.power
    assert power(SlotTraffic(45 * factor, 0), 5 * factor, RULE) < RULE.power


def test_looks_share_the_alarm_rate():
    strict = RULE.with_alarm(1e-9)
    assert judge_canary(SlotTraffic(900, 0), SlotTraffic(100, 5), RULE).outcome == "failed"
    assert judge_canary(SlotTraffic(900, 0), SlotTraffic(100, 5), strict).outcome == "too few"
