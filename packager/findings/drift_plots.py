"""The plots of ``package drift``: bins of a feature, shares of anomalies, scores of slices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitoring.stats.drift import MIN_ANOMALY_RISE
from monitoring.stats.intervals import wilson
from packager.replicas.drift import Anomaly, FeatureDrift
from packager.replicas.slices import SliceDrift
from packager.tracker.core.plot import MAX_BINS, MAX_ROWS, BinsPlot, IntervalsPlot, MeasuredRow


def plot_of_feature(feature: FeatureDrift) -> BinsPlot | None:
    """Shares of rows in each bin, in training and live."""
    bins = feature.bins
    before, now = sum(one.reference for one in bins), sum(one.live for one in bins)
    if not 0 < len(bins) <= MAX_BINS or not before or not now:
        return None
    return BinsPlot(
        title=f"{feature.name}: shares of rows",
        bins=tuple(one.name for one in bins),
        reference=tuple(min(one.reference / before, 1.0) for one in bins),
        live=tuple(min(one.live / now, 1.0) for one in bins),
    )


def plot_of_anomaly(anomaly: Anomaly, every: Sequence[Anomaly]) -> IntervalsPlot:
    """Shares of rows with such values, of this feature first."""
    others = [one for one in every if one.kind == anomaly.kind and one is not anomaly]
    rows = []
    for other in (anomaly, *others[: MAX_ROWS - 1]):
        low, high = wilson(other.ratio * other.rows, other.rows)
        rows.append(
            MeasuredRow(
                name=other.feature,
                value=other.ratio,
                low=low,
                high=high,
                reference=other.reference,
                bound=other.reference + MIN_ANOMALY_RISE,
                subject=other is anomaly,
            )
        )
    title = f"Share of rows with {anomaly.kind} values, and at the build"
    return IntervalsPlot(title=title, unit="share of rows", rows=tuple(rows))


def plot_of_slice(part: SliceDrift, every: Sequence[SliceDrift]) -> IntervalsPlot | None:
    """Scores of the slices of one output and measure, of this one first."""
    same = (part.output, part.measure)
    others = [one for one in every if (one.output, one.measure) == same and one is not part]
    rows = [
        _row(other, subject=other is part)
        for other in (part, *others)
        if math.isfinite(other.score)
    ]
    if not rows or not rows[0].subject:
        return None
    of = "" if part.output is None else f" of {part.output}"
    title = f"{part.measure or 'score'}{of} by slice, live and at the build"
    unit = part.measure or "score"
    return IntervalsPlot(title=title, unit=unit, rows=tuple(rows[:MAX_ROWS]))


def _row(part: SliceDrift, *, subject: bool) -> MeasuredRow:
    known = math.isfinite(part.low) and math.isfinite(part.high)
    return MeasuredRow(
        name=part.name,
        value=part.score,
        low=min(part.low, part.high) if known else None,
        high=max(part.low, part.high) if known else None,
        reference=part.baseline,
        subject=subject,
    )
