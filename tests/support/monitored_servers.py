"""Requests to two replicas of a package, and the counts that they must have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from extrapolation import Extrapolation
from real_prometheus import Prometheus
from replicas import Replica

from monitoring.profile.profile import FeatureProfile, Profile
from monitoring.slices.slices import SliceSet
from monitoring.stats import drift


@dataclass(frozen=True)
class MonitoredServers:
    """The sent requests, the live replicas, and their counts."""

    rows: pd.DataFrame
    """As they were sent, with prediction and actual label of each."""
    slices: SliceSet
    baseline: dict[str, tuple[float, int]]
    profile: Profile
    compiled: bool
    model: str
    version: str
    folder: Path
    prometheus: Prometheus
    replicas: tuple[Replica, Replica]
    """The first, which lives, has the rows of the app, and the second all others."""

    @property
    def only(self) -> str:
        return f'{{model="{self.model}", version="{self.version}"}}'

    @property
    def parts(self) -> list[pd.DataFrame]:
        """The rows of each replica."""
        app = self.rows["channel"] == "app"
        return [self.rows[app], self.rows[~app]]

    @cached_property
    def binned(self) -> dict[str, list[np.ndarray]]:
        """Feature → rows per bin of each replica, without any server."""
        return {
            feature.name: [
                _counts(feature.bin_indices(part[feature.name]), len(feature.bins))
                for part in self.parts
            ]
            for feature in self.profile.features
            if feature.name in self.rows
        }

    @cached_property
    def labelled(self) -> dict[str, np.ndarray]:
        """Slice → right answers and labels of each replica, without any server."""
        found: dict[str, list[tuple[int, int]]] = {}
        for part in self.parts:
            right = (part["__prediction__"] == part["returned"]).to_numpy()
            for name, mask in self.slices.masks(part).items():
                found.setdefault(name, []).append((int(right[mask].sum()), int(mask.sum())))
        return {name: np.array(pairs) for name, pairs in found.items()}

    def extrapolation(self, counter: str) -> Extrapolation:
        addresses = [replica.address for replica in self.replicas]
        return Extrapolation.of(self.prometheus, f"{counter}{self.only}", addresses)

    def feature(self, name: str) -> FeatureProfile:
        """The feature of the training profile."""
        return next(feature for feature in self.profile.features if feature.name == name)

    def drift_of(self, name: str, *factors: float) -> drift.Drift:
        """The drift of a feature without any server; each replica's rows times its factor."""
        reference = self.feature(name).counts
        parts = zip(self.binned[name], factors or (1.0, 1.0), strict=True)
        return drift.measure_drift(sum(part * factor for part, factor in parts).tolist(), reference)

    def judged(self, name: str, *factors: float) -> tuple[float, float]:
        """Right answers and labels of a slice; each replica's times its factor."""
        parts = zip(self.labelled[name], factors or (1, 1), strict=True)
        right, rows = sum(part * factor for part, factor in parts).tolist()
        return right, rows


def _counts(indices: np.ndarray, bins: int) -> np.ndarray:
    """Rows per bin; -1 is a row in no bin."""
    return np.bincount(indices[indices >= 0], minlength=bins)
