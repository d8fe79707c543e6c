"""Whether a new version answers in the time of the earlier one: quantiles, with intervals.

Order statistics give intervals of quantiles without an assumption about the distribution (David
and Nagaraja, Order Statistics, 2003, section 7.1). The requests are taken as independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from monitoring.stats.exact import at_least, at_most
from packager.rollout.verdict import GateCheck, Outcome

QUANTILES = (0.5, 0.95)
LOOKS = (200, 800, 3_200)
"""Pairs of requests after which the comparison may end; each look has a part of the alarm rate."""
NAME = "latency"


@dataclass(frozen=True)
class LatencyBound:
    """The new version's quantile may be ``ratio`` times the earlier one's, and ``slack``."""

    ratio: float = 1.5
    slack_seconds: float = 0.005
    alarm: float = 0.01
    """Probability to refuse a version within the bound, and to pass one beyond it, at most."""


@dataclass(frozen=True)
class QuantileComparison:
    """One quantile of both versions, in seconds."""

    share: float
    old: float
    new: float
    excess: tuple[float, float]
    """Interval of the new quantile minus the highest that the bound allows."""

    @property
    def outcome(self) -> Outcome:
        """``failed`` if even the lower end is beyond the bound."""
        low, high = self.excess
        return "failed" if low > 0 else "passed" if high <= 0 else "too few"


def quantile_interval(
    ordered: Sequence[float], share: float, outside: float
) -> tuple[float, float]:
    """Bounds of the quantile ``share``, each wrong with at most the probability ``outside``.

    ``ordered``: the measurements, ascending. 0 and infinity where they are too few for a bound.
    """
    count = len(ordered)
    below = _largest(count, lambda rank: at_most(rank, count, share) <= outside)
    above = _largest(count, lambda rank: at_least(count - rank, count, share) <= outside)
    low = 0.0 if below is None else ordered[below]
    high = math.inf if above is None else ordered[count - above - 1]
    return low, high


def _largest(count: int, holds: Callable[[int], bool]) -> int | None:
    """The largest of 0 to ``count - 1`` for which ``holds``, which is so for all smaller ones."""
    low, high = -1, count
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return None if low < 0 else low


def compare_quantile(
    old: Sequence[float], new: Sequence[float], share: float, bound: LatencyBound
) -> QuantileComparison:
    """Compare one quantile; ``old`` and ``new``: seconds of requests, ascending, not empty."""
    outside = bound.alarm / len(LOOKS) / len(QUANTILES) / 2
    old_low, old_high = quantile_interval(old, share, outside)
    new_low, new_high = quantile_interval(new, share, outside)
    low = new_low - bound.ratio * old_high - bound.slack_seconds
    high = new_high - bound.ratio * old_low - bound.slack_seconds
    return QuantileComparison(share, _at(old, share), _at(new, share), (low, high))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def judge_latency(old: Sequence[float], new: Sequence[float], bound: LatencyBound) -> GateCheck:
    """The verdict on seconds of the same requests to both versions."""
    pairs = min(len(old), len(new))
    if pairs == 0:
        return GateCheck(NAME, "too few", "no request was answered by both versions", {"pairs": 0})
    before, after = sorted(old), sorted(new)
    compared = [compare_quantile(before, after, share, bound) for share in QUANTILES]
    outcomes = {one.outcome for one in compared}
    worst: Outcome = (
        "failed" if "failed" in outcomes else "too few" if "too few" in outcomes else "passed"
    )
    ratios = ", ".join(
        f"p{one.share * 100:.0f} {1e3 * one.new:.1f} ms beside {1e3 * one.old:.1f} ms"
        for one in compared
    )
    limit = f"{bound.ratio:g} times the earlier and {1e3 * bound.slack_seconds:g} ms"
    text = f"{ratios} of the earlier version, in {pairs} pairs; allowed: {limit}"
    if worst == "too few":
        text += "; too few pairs to tell"
    return GateCheck(NAME, worst, text, _numbers(pairs, compared, bound))


def _numbers(
    pairs: int, compared: Sequence[QuantileComparison], bound: LatencyBound
) -> dict[str, object]:
    quantiles = [
        {
            "share": one.share,
            "old_seconds": one.old,
            "new_seconds": one.new,
            "excess_seconds": [end if math.isfinite(end) else None for end in one.excess],
            "outcome": one.outcome,
        }
        for one in compared
    ]
    return {"pairs": pairs, "bound": asdict(bound), "quantiles": quantiles}
