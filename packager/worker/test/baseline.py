"""What is known of a package's quality on held-out rows: sufficient statistics, no row.

``/package/baseline.json``. New rows are compared with it as one sample with another, because the
held-out rows are a sample too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from monitoring.stats.estimates import Estimate
from packager.manifest.base import FrozenModel

BASELINE = "baseline.json"


class MetricEstimate(FrozenModel):
    """A metric and its sampling variance: :class:`monitoring.stats.estimates.Estimate`."""

    value: float
    variance: float | None
    """None if it is unknown."""
    rows: float
    degrees: float
    share: bool = False

    @classmethod
    def of(cls, found: Estimate) -> MetricEstimate:
        """The record of ``found``, whose value is finite."""
        known = math.isfinite(found.variance)
        return cls(
            value=found.value,
            variance=found.variance if known else None,
            rows=found.rows if known else 0,
            degrees=found.degrees if known else 0,
            share=found.share,
        )

    @property
    def estimate(self) -> Estimate:
        """As computed."""
        variance = math.nan if self.variance is None else self.variance
        return Estimate(self.value, variance, self.rows, self.degrees, self.share)


class LossSums(FrozenModel):
    """Sums of a loss over rows: 1 for a wrong label, or the absolute error."""

    rows: int
    total: float
    squares: float
    design_effect: float = 1.0
    """Dependent rows that say as much as one independent row (Kish 1965), by ``[test] groups``."""


class SliceBaseline(FrozenModel):
    """The metrics of one slice."""

    rows: int
    metrics: Mapping[str, MetricEstimate]
    losses: LossSums | None = None
    """None for answers without a loss of a row."""


class Baseline(FrozenModel):
    """The held-out rows of a package."""

    rows: int
    groups: int | None = None
    """Groups of rows that belong together, if ``[test] groups`` names them."""
    slices: Mapping[str, SliceBaseline]
    """Slice (``__all__`` first) to its statistics."""
    cpu_ratios: tuple[float, ...] | None = None
    """Processor time of held-out rows over that of example rows, of each round."""
