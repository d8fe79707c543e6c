"""Drift of columns from a reference: effect size and significance, from counts per bin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.profile import FeatureProfile
from monitoring.stats.drift import population_stability_index, z_score
from packager.manifest.base import FrozenModel, Kind

MIN_Z = 4.5
"""Minimum z of a significant shift, as in the alerts of monitoring."""
MIN_SHOWN_PSI = 0.02
"""Smaller shifts are irrelevant, for any number of rows."""
MIN_ROWS_PER_VALUE = 5
"""From this number of rows per distinct text on, a text column is categorical."""

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class ColumnDrift(FrozenModel):
    """Change of one column's distribution."""

    name: str
    """The column, or ``column.measure``."""
    psi: float
    z: float
    measure: str | None = None
    """The measure that was derived from the column; None for its own values."""
    unseen: tuple[str, ...] = ()
    """Texts that the reference table lacks, at most 10, sorted."""

    @property
    def column(self) -> str:
        """The column compared."""
        return self.name if self.measure is None else self.name.removesuffix(f".{self.measure}")

    @property
    def notable(self) -> bool:
        """Whether the change is significant and large enough to matter."""
        return self.z > MIN_Z and self.psi > MIN_SHOWN_PSI


def comparable(before: Kind, after: Kind) -> bool:
    """Whether columns of these kinds can be counted in the same bins."""
    numbers = ("number", "integer")
    return before != "any" and (before == after or (before in numbers and after in numbers))


def is_categorical(distinct: int, rows: int) -> bool:
    """Whether a text column repeats its values, so that a new value is notable."""
    return rows >= MIN_ROWS_PER_VALUE * distinct


def shared_rows(one: Hashes, other: Hashes) -> int:
    """Number of rows common to two tables, counting duplicates, by their row hashes."""
    ours, counts = np.unique(one, return_counts=True)
    theirs, others = np.unique(other, return_counts=True)
    _, here, there = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    return int(np.minimum(counts[here], others[there]).sum())


def drifts_of_column(
    features: Iterable[FeatureProfile], column: pd.Series[Any], shared: int = 0
) -> list[ColumnDrift]:
    """As ``column_drift`` for each feature of a column.

    Words never seen, and distances to the nearest centre, are compared only if no row is in both
    tables: a shared row has no such word, and may be one of those that the centres are means of.
    """
    return [
        column_drift(feature, column, shared)
        for feature in features
        if feature.measure not in ("unseen", "nearest") or not shared
    ]


def column_drift(feature: FeatureProfile, column: pd.Series[Any], shared: int = 0) -> ColumnDrift:
    """``column`` compared with the reference rows of ``feature``; nulls have a separate bin.

    A category without a bin in the reference counts as null. ``shared``: see ``drift_of``.
    """
    reference = np.array([feature.missing, *feature.counts])
    counts = np.bincount(feature.bin_indices(column) + 1, minlength=len(reference))
    compared = drift_of(feature.name, counts, reference, shared)
    return compared.model_copy(update={"measure": feature.measure})


def drift_of(name: str, counts: Counts, reference: Counts, shared: int = 0) -> ColumnDrift:
    """The drift of counts per bin: each of shape (bins,); bins empty in both are left out.

    ``shared`` rows are in both tables, as most rows are after an append. They can't differ, so
    they reduce the noise: with n and m rows the variance of a difference of shares is proportional
    to 1/n + 1/m - 2 shared/(n m), not to 1/n + 1/m.
    """
    used = (reference > 0) | (counts > 0)
    bins = int(used.sum())
    if bins < 2:  # all rows of both tables are in one bin
        return ColumnDrift(name=name, psi=0.0, z=0.0)
    n, m = int(counts.sum()), int(reference.sum())
    psi = population_stability_index(counts[used].tolist(), np.asarray(reference[used], np.float64))
    if n == m == shared:
        return ColumnDrift(name=name, psi=psi, z=0.0)
    # The design effect, which is negative if most rows are shared.
    effect = 1 - 2 * shared / m
    return ColumnDrift(name=name, psi=psi, z=z_score(psi, n, m, bins, effect))
