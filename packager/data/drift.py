"""How far columns moved from a reference: effect and significance, from counts per bin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.drift import measure
from monitoring.profile import FeatureProfile
from packager.noun import Kind, Noun

SURE_Z = 4.5
"""Beyond chance; what monitoring alerts on too."""
LEAST_PSI = 0.02
"""Below it a shift is a trifle, however many rows show it."""

Counts = npt.NDArray[np.int64]


class ColumnDrift(Noun):
    """How one column's distribution moved."""

    name: str
    psi: float
    z: float
    unseen: tuple[str, ...] = ()
    """Texts that the first table doesn't have, at most 10, sorted."""

    @property
    def notable(self) -> bool:
        """More than chance, and enough to matter."""
        return self.z > SURE_Z and self.psi > LEAST_PSI


def comparable(before: Kind, after: Kind) -> bool:
    """Whether columns of these kinds can be counted in the same bins."""
    numbers = ("number", "integer")
    return before != "any" and (before == after or (before in numbers and after in numbers))


def moved(feature: FeatureProfile, column: pd.Series[Any]) -> ColumnDrift:
    """``column`` against the reference rows of ``feature``; nulls are a bin of their own.

    A category that the reference has no bin for counts as a null does.
    """
    reference = np.array([feature.missing, *feature.counts])
    found = np.bincount(feature.bin_indices(column) + 1, minlength=len(reference))
    return drift_of(feature.name, found, reference)


def drift_of(name: str, found: Counts, reference: Counts) -> ColumnDrift:
    """The drift of counts per bin: each of shape (bins,); bins empty in both are left out."""
    used = (reference > 0) | (found > 0)
    if int(used.sum()) < 2:  # everything in one bin, then and now
        return ColumnDrift(name=name, psi=0.0, z=0.0)
    drift = measure(found[used].tolist(), reference[used].tolist())
    return ColumnDrift(name=name, psi=drift.psi, z=drift.z)
