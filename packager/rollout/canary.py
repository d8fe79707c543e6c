"""Whether a new version fails more requests than the earlier one, with traffic of both.

Fisher's exact test (1935) of the two shares, one-sided. Absence of failures is good news only if
the test had the power to see more of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from monitoring.stats.exact import at_least
from monitoring.stats.fisher import hypergeometric_tail
from packager.rollout.proxy_control import SlotTraffic
from packager.rollout.verdict import GateCheck

NAME = "canary"
POLL_SECONDS = 10.0
MAX_FACTOR = 1 << 20
"""Of the requests so far: more would be needed than anyone waits for."""


@dataclass(frozen=True)
class CanaryRule:
    """The test of a canary."""

    alarm: float = 0.01
    """Probability to refuse a version that fails no more requests, at most."""
    increase: float = 0.02
    """The increase of the share of failed requests that has to be seen …"""
    power: float = 0.8
    """… with this probability; else the traffic is too little to tell."""

    def with_alarm(self, alarm: float) -> CanaryRule:
        """The rule with another alarm rate."""
        return replace(self, alarm=alarm)


def p_value(old: SlotTraffic, new: SlotTraffic) -> float:
    """Probability of this many failures of the new version by chance."""
    failed = old.failures + new.failures
    return hypergeometric_tail(new.failures, new.requests, failed, old.requests + new.requests)


def power(old: SlotTraffic, requests: int, rule: CanaryRule) -> float:
    """The probability that ``rule.increase`` is found in ``requests`` to the new version.

    The earlier version's failures are taken as they are.
    """
    if old.requests == 0 or requests == 0:
        return 0.0
    fewest = _critical(old, requests, rule.alarm)
    share = min(1.0, old.failures / old.requests + rule.increase)
    return at_least(fewest, requests, share) if fewest <= requests else 0.0


def _critical(old: SlotTraffic, requests: int, alarm: float) -> int:
    """The fewest failures of ``requests`` that the test calls too many; one more if none are."""
    low, high = -1, requests + 1
    while high - low > 1:
        middle = (low + high) // 2
        if p_value(old, SlotTraffic(requests, middle)) < alarm:
            high = middle
        else:
            low = middle
    return high


def needed_factor(old: SlotTraffic, new: SlotTraffic, rule: CanaryRule) -> int | None:
    """By what to multiply the traffic so that the test has its power; a power of two."""
    factor = 1
    while factor <= MAX_FACTOR:
        scaled = SlotTraffic(factor * max(1, old.requests), factor * old.failures)
        if power(scaled, factor * max(1, new.requests), rule) >= rule.power:
            return factor
        factor *= 2
    return None


def judge_canary(old: SlotTraffic, new: SlotTraffic, rule: CanaryRule) -> GateCheck:
    """The verdict on the requests of both versions in the same time."""
    p, seen = p_value(old, new), power(old, new.requests, rule)
    numbers = {
        "old": asdict(old),
        "new": asdict(new),
        "p": p,
        "power": seen,
        "rule": asdict(rule),
    }
    message = (
        f"{new.failures} of {new.requests} requests failed, beside {old.failures} of "
        f"{old.requests} of the earlier version (p {p:.2g})"
    )
    if p < rule.alarm:
        return GateCheck(NAME, "failed", message, numbers)
    bound_text = f"{rule.increase:.1%} more failures would be seen with a probability of {seen:.0%}"
    if seen >= rule.power:
        return GateCheck(NAME, "passed", f"{message}; {bound_text}", numbers)
    factor = needed_factor(old, new, rule)
    more = "" if factor is None else f"; about {factor} times the traffic is needed"
    text = f"{message}; too little traffic to tell: {bound_text}, not {rule.power:.0%}{more}"
    return GateCheck(NAME, "too few", text, numbers)


def watch_canary(
    counted: Callable[[], tuple[SlotTraffic, SlotTraffic]], minutes: float, rule: CanaryRule
) -> GateCheck:
    """Look every ``POLL_SECONDS`` for ``minutes``, or until the new version is refused.

    ``counted``: requests to the earlier and to the new version since the canary began.
    """
    until = time.monotonic() + 60 * minutes
    looks = max(1, int(60 * minutes / POLL_SECONDS))
    while True:
        time.sleep(max(0.0, min(POLL_SECONDS, until - time.monotonic())))
        last = time.monotonic() >= until
        # A half of the alarm rate is for the end, the other one for all looks before it.
        alarm = rule.alarm / 2 if last else rule.alarm / 2 / looks
        check = judge_canary(*counted(), rule.with_alarm(alarm))
        if last or check.outcome == "failed":
            return check
