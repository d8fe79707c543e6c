"""How far an ``increase`` of Prometheus may be from what its replicas counted.

``increase`` extends each series to both ends of its window, by less than ``MAX_EXTENSION`` mean
distances of its samples. So it is at least the counted rows and at most these times a factor, which
is larger where a busy machine scrapes seldom, and differs between replicas.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from real_prometheus import Prometheus

MAX_EXTENSION = 1.1
STEPS = 9
ROUNDING = 1e-3
"""Added to a range, because its lowest value may lie between two steps."""


@dataclass(frozen=True)
class Extrapolation:
    """The highest factor of each replica, in any order of ``scraped``."""

    factors: tuple[float, ...]

    @classmethod
    def of(cls, server: Prometheus, counter: str, addresses: Sequence[str]) -> Extrapolation:
        """The value of the series of ``counter``, a selector, now and from now on."""
        counted = server.ask(f"min by (instance) (count_over_time({counter}[1h]))")
        samples = {labels["instance"]: count for labels, count in counted}
        return cls(tuple(1 + 2 * MAX_EXTENSION / (samples[name] - 1) for name in addresses))

    def possible(self, measure: Callable[..., float]) -> tuple[float, float]:
        """Lowest and highest result of ``measure``, which takes a factor for each replica."""
        steps = [np.linspace(1, factor, STEPS) for factor in self.factors]
        found = [measure(*factors) for factors in itertools.product(*steps)]
        return min(found) - ROUNDING, max(found) + ROUNDING

    def allows(self, value: float, measure: Callable[..., float]) -> bool:
        """Whether ``value`` is one that ``measure`` can give."""
        low, high = self.possible(measure)
        return low <= value <= high
