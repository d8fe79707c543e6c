"""A package's quality on held-out rows: sufficient statistics, no row.

``/package/baseline.json``. New rows are compared with it as one sample with another, because the
held-out rows are a sample too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from monitoring.stats.accuracy import MeanBaseline
from monitoring.stats.calibration import ReliabilityBins
from monitoring.stats.estimates import Estimate
from monitoring.stats.intervals import variance_of_sums
from monitoring.stats.score_histograms import ScoreHistogram, roc_area_of
from packager.manifest.base import FrozenModel, Scalar

BASELINE = "baseline.json"
MAX_SCORED = 10
MAX_CONFUSED = 20


class MetricEstimate(FrozenModel):
    """A metric and its sampling variance: :class:`monitoring.stats.estimates.Estimate`."""

    value: float
    variance: float | None
    """None if it is unknown."""
    rows: float
    degrees: float
    share: bool = False

    @classmethod
    def of(cls, estimate: Estimate) -> MetricEstimate:
        """The record of ``estimate``, whose value is finite."""
        known = math.isfinite(estimate.variance)
        return cls(
            value=estimate.value,
            variance=estimate.variance if known else None,
            rows=estimate.rows if known else 0,
            degrees=estimate.degrees if known else 0,
            share=estimate.share,
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

    @property
    def baseline(self) -> MeanBaseline:
        """The mean loss, the variance of one and the independent rows; ``rows`` is not 0."""
        mean = self.total / self.rows
        variance = variance_of_sums(self.total, self.squares, self.rows)
        return MeanBaseline(mean, variance, self.rows / max(1.0, self.design_effect))


class SliceBaseline(FrozenModel):
    """The metrics of one slice."""

    rows: int
    metrics: Mapping[str, MetricEstimate]
    losses: LossSums | None = None
    """None for answers without a loss of a row."""


class Reliability(FrozenModel):
    """Rows by confidence, in equally wide bins: :class:`monitoring.stats.calibration`."""

    rows: tuple[int, ...]
    confidence: tuple[float, ...]
    """Sum of the confidence of the rows of each bin."""
    right: tuple[int, ...]
    """Right answers in each bin."""
    design_effect: float = 1.0
    degrees: float
    """Independent units less one."""

    @classmethod
    def of(cls, bins: ReliabilityBins) -> Reliability:
        """The record of ``bins``, whose degrees are finite."""
        return cls(
            rows=tuple(bins.rows.astype(int).tolist()),
            confidence=tuple(bins.confidence.tolist()),
            right=tuple(bins.right.astype(int).tolist()),
            design_effect=bins.design_effect,
            degrees=bins.degrees,
        )

    @property
    def bins(self) -> ReliabilityBins:
        """As computed."""
        return ReliabilityBins(
            np.array(self.rows, np.float64),
            np.array(self.confidence, np.float64),
            np.array(self.right, np.float64),
            self.design_effect,
            self.degrees,
        )


class ClassScores(FrozenModel):
    """The scores of one class against all others."""

    edges: tuple[float, ...]
    """Between bins; a bin has its upper edge."""
    positive: tuple[int, ...]
    """Rows of the class in each bin."""
    negative: tuple[int, ...]
    """Other rows."""
    reliability: Reliability
    """The score as the confidence that a row is of the class."""

    @property
    def roc_auc(self) -> float:
        """The area under the ROC curve from the bins; NaN if a part has no row."""
        counts = np.array(self.positive), np.array(self.negative)
        return roc_area_of(ScoreHistogram(np.array(self.edges), *counts))


class ClassBaseline(FrozenModel):
    """The answers of a classification."""

    classes: tuple[Scalar, ...]
    confusion: tuple[tuple[int, ...], ...] = ()
    """``[truth][answer]``, in the order of ``classes``; empty with more than ``MAX_CONFUSED``."""
    scores: tuple[ClassScores, ...] = ()
    """Of the second of two classes, or of each of at most ``MAX_SCORED``."""
    reliability: Reliability | None = None
    """Of the answers' own probability; None without probabilities."""


class GroupMetric(FrozenModel):
    """A metric of one group, and its distance from that of all rows."""

    value: float
    rows: int
    """Rows of the group that count for the metric."""
    gap: float
    """``value`` minus the metric of all rows."""
    variance: float | None
    """Of ``gap``; None if it is unknown."""
    degrees: float
    """Independent rows, or groups of rows, of the group that count, less one."""


class GroupedBaseline(FrozenModel):
    """The groups of a column of ``[test.fairness]``."""

    values: tuple[str, ...]
    """The values with a group of their own; the others are one group."""
    groups: Mapping[str, Mapping[str, GroupMetric]]
    """Group (``sex=f``) to metric."""


class Baseline(FrozenModel):
    """The held-out rows of a package."""

    rows: int
    groups: int | None = None
    """Groups of rows that belong together, if ``[test] groups`` names them."""
    slices: Mapping[str, SliceBaseline]
    """Slice (``__all__`` first) to its statistics."""
    design_effect: float = 1.0
    """Of the losses of all rows, at least 1; of several outputs the largest of their headlines'."""
    answers: ClassBaseline | None = None
    """None for other answers than one label."""
    outputs: Mapping[str, ClassBaseline] = {}
    """Of several outputs, and of sets of labels: the part (``judged_parts``) to its answers."""
    reference_effects: Mapping[str, float] = {}
    """Family and name of a check (``drift age``) to the design effect of the rows that it compares
    new rows with; empty without ``[test] groups``."""
    fairness: Mapping[str, GroupedBaseline] = {}
    """Column of ``[test.fairness]`` to its groups."""
