"""Detector ``outlier``: rows that an isolation forest isolates, and the column responsible.

Liu, Ting and Zhou, "Isolation Forest" (2008). The forest alone always flags some rows; so a row
must also have a value with a large robust score, which determines the column.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.extremes import MIN_ROWS
from packager.data.checks.issue import DataIssue, Floats, NotApplicableError
from packager.data.checks.table import CheckedTable
from packager.text import format_number

SEED = 7
TREES = 100
MAX_ROWS = 100_000
MAX_OUTLIER_SHARE = 0.02
"""Share of the rows that can be outliers: those that the forest isolates most easily."""
MIN_ROBUST_Z = 5.0
"""Minimum distance of an outlier from the median, in robust standard deviations."""
NORMAL_QUANTILE_90 = 1.2815515655446004
"""The 90 % quantile of the standard normal distribution."""


def outlier(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.5 to 0.8, increasing with the distance; more than 100,000 rows are sampled.

    Raises ``NotApplicableError`` if there are too few rows.
    """
    numeric = [name for name in table.numeric if name in table.features]
    if numeric and len(table) < MIN_ROWS:
        raise NotApplicableError.too_few(len(table), MIN_ROWS)
    names = [name for name in numeric if _varies(table.numbers[name])]
    if not names:
        return
    rows = table.sample(MAX_ROWS)
    values = np.column_stack([table.numbers[name][rows] for name in names])
    far = np.column_stack([robust_scores(column) for column in values.T])
    odd = _anomaly_scores(values)
    worst = np.argmax(np.abs(far), axis=1)
    reach = np.abs(far)[np.arange(len(rows)), worst]
    flagged = (odd >= np.quantile(odd, 1 - MAX_OUTLIER_SHARE)) & (reach > MIN_ROBUST_Z)
    for index, name in enumerate(names):
        mine = flagged & (worst == index)
        if mine.any():
            centre = float(np.nanmedian(values[:, index]))
            low, high = np.nanquantile(values[:, index], (0.01, 0.99))
            yield DataIssue(
                name,
                f"near {format_number(centre)} "
                f"(98 % of the rows: {format_number(low)} to {format_number(high)})",
                "inspect the row: correct, keep or drop it",
                0.8 - 0.3 * MIN_ROBUST_Z / reach[mine],
                rows[mine],
                [
                    f"{v:.15g}, {z:,.0f} robust deviations away"
                    for v, z in zip(values[mine, index], reach[mine], strict=True)
                ],
            )


def robust_scores(values: Floats) -> Floats:
    """Distance from the median in robust standard deviations: shape (rows,), nulls are 0.

    Each side has its own deviation, from the 10 % or 90 % quantile, so that the long side of a
    skewed column is not flagged as a whole.
    """
    low, centre, high = np.nanquantile(values, (0.1, 0.5, 0.9))
    below, above = (centre - low) / NORMAL_QUANTILE_90, (high - centre) / NORMAL_QUANTILE_90
    spread = max(below, above) or float(np.nanstd(values)) or 1.0
    scale = np.where(values < centre, max(below, spread / 10), max(above, spread / 10))
    scores = np.nan_to_num((values - centre) / scale, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(scores, dtype=np.float64)


def _varies(values: Floats) -> bool:
    present = values[np.isfinite(values)]
    return len(present) >= MIN_ROWS and bool(present.min() < present.max())


def _anomaly_scores(values: Floats) -> Floats:
    """Anomaly score of each row, 0 to 1, larger if it is isolated more easily: shape (rows,)."""
    from sklearn.ensemble import IsolationForest

    # Trees use float32, whose maximum is 3e38.
    finite = np.where(np.abs(values) < 1e30, values, np.nan)
    filled = np.where(np.isnan(finite), np.nanmedian(finite, axis=0), finite)
    forest = IsolationForest(n_estimators=TREES, random_state=SEED).fit(filled)
    return np.asarray(-forest.score_samples(filled), dtype=np.float64)
