"""The bins of a row's values: those in which the metrics count them, of the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.metrics.bin_counts import BinCounts
from monitoring.profile.profile import FeatureProfile, Profile, is_of_column
from monitoring.slices.clock import Clock

MAX_MEASURES = 3
"""Derived numbers that are shown for one column, the most telling first."""


@dataclass(frozen=True)
class FeatureBin:
    """One feature of a profile, and the bin in which the row's value lies."""

    feature: FeatureProfile
    index: int

    @property
    def measure(self) -> str:
        """The measure derived from the column; empty for its own values."""
        return self.feature.measure or ""

    @property
    def name(self) -> str:
        """The name of the bin."""
        return self.feature.bins[self.index]

    @property
    def shares(self) -> list[float]:
        """The share of the training rows in each bin, 0 to 1."""
        total = sum(self.feature.counts) or 1
        return [count / total for count in self.feature.counts]

    @property
    def share(self) -> float:
        """The share of the training rows in the value's bin, 0 to 1."""
        return self.shares[self.index]


class TrainingBins:
    """Finds the bins of rows."""

    def __init__(
        self, names: Sequence[str], profile: Profile | None, clocks: Mapping[str, Clock]
    ) -> None:
        """``names``: the columns of a row; ``clocks``: units of datetimes, dates and others."""
        self._features = [
            (names.index(feature.column), feature)
            for feature in (profile.features if profile else ())
            if is_of_column(feature.name)
        ]
        self._clocks = clocks

    def of(self, columns: Sequence[Sequence[Any]]) -> Mapping[str, list[FeatureBin]]:
        """Column → its places, for one row; a null and a value in no bin have none.

        ``columns``: one converted value each.
        """
        counts = BinCounts(self._features, self._clocks)
        counts.add(columns)
        indices = {name: counted.index(1) for name, counted in counts.drain() if 1 in counted}
        bins: dict[str, list[FeatureBin]] = {}
        for _, feature in self._features:
            own = bins.setdefault(feature.column, [])
            if feature.name in indices and len(own) < MAX_MEASURES:
                own.append(FeatureBin(feature, indices[feature.name]))
        return bins
