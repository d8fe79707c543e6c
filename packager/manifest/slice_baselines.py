"""Estimates by slice from ``baseline.json``, for monitoring and comparisons.

The whole record, which tests of new data need, is ``packager.worker.test.baseline.Baseline``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ConfigDict

from packager.manifest.base import FrozenModel

FILE = "baseline.json"


class _Part(FrozenModel):
    """A part of a larger record."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LossTotals(_Part):
    """Sums of a loss over rows: 1 for a wrong label, or the absolute error."""

    rows: int
    total: float
    squares: float
    design_effect: float = 1.0

    @property
    def independent_rows(self) -> float:
        """Rows over their design effect, which few groups may put below 1: then as many as rows."""
        return self.rows / max(1.0, self.design_effect)

    @property
    def variance(self) -> float | None:
        """Of the loss of one row; None without rows."""
        if not self.rows:
            return None
        return max(0.0, self.squares / self.rows - (self.total / self.rows) ** 2)


class KnownMetric(_Part):
    """A metric and its sampling variance."""

    value: float
    variance: float | None
    """None if it is unknown."""
    rows: float
    degrees: float
    share: bool = False


class SliceEstimates(_Part):
    """The metrics of one slice, and the sums of its losses."""

    rows: int
    metrics: Mapping[str, KnownMetric]
    losses: LossTotals | None = None


class SliceBaselines(_Part):
    """Every slice, ``__all__`` among them."""

    slices: Mapping[str, SliceEstimates] = {}
    design_effect: float = 1.0
    """Of the losses of all rows."""
