"""Whether a package does on new rows as it did on its held-out rows when it was built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.slices.slices import ALL
from monitoring.stats.estimates import Estimate, compare
from monitoring.stats.paired import SIGNIFICANCE_LEVEL
from packager.manifest.slice_baselines import SliceBaselines
from packager.run.output_scores import RowMeasure

Floats = npt.NDArray[np.float64]
MIN_DEGREES = 4
"""Independent rows, less one, that a comparison needs on each side."""


@dataclass(frozen=True)
class SinceBuild:
    """The measure on the given rows beside that on held-out rows, as two samples."""

    now: float
    built: float
    difference: float
    low: float
    """Of the 95 % interval of ``difference``."""
    high: float
    p: float
    """Two-sided."""
    lower_is_better: bool

    @property
    def verdict(self) -> str:
        """One of three."""
        if not self.p < SIGNIFICANCE_LEVEL:
            return "as when built"
        return "worse" if (self.difference > 0) == self.lower_is_better else "better"


def since_build(
    scores: Floats, measure: RowMeasure, metric: str, known: SliceBaselines
) -> SinceBuild | None:
    """Compare scores of n rows, shape (n,), with the baseline of ``metric``; None if not known.

    The rows are divided by the design effect of the held-out ones. Higher scores are better, so
    those of errors are negative.
    """
    own = known.slices.get(ALL)
    before = None if own is None else own.metrics.get(metric)
    rows = len(scores) / known.design_effect
    if before is None or before.variance is None:
        return None
    if min(rows - 1, before.degrees) < MIN_DEGREES:
        return None
    values = -scores if measure.lower_is_better else scores
    variance = float(values.var(ddof=1)) / rows
    now = Estimate(float(values.mean()), variance, rows, rows - 1, before.share)
    packaged = Estimate(before.value, before.variance, before.rows, before.degrees, before.share)
    seen = compare(packaged, now)
    low, high = seen.interval()
    tails = seen.p_value(1), seen.p_value(-1)
    p = min(1.0, 2 * min(tails))
    return SinceBuild(
        now.value, before.value, seen.difference, low, high, p, measure.lower_is_better
    )
