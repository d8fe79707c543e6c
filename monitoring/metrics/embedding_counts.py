"""Counts embeddings of live rows by their distance to those of the training."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from monitoring.metrics.bin_counts import BinCounts
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.profile import Profile, is_embedding


class EmbeddingCounts:
    """The bins of the pseudo-features of a profile's embedding."""

    def __init__(self, profile: Profile, metrics: ServingMetrics) -> None:
        features = [(0, feature) for feature in profile.features if is_embedding(feature.name)]
        self._bins = BinCounts(features, {})
        self._metrics = metrics

    def add(self, embeddings: npt.NDArray[Any]) -> None:
        """Count embeddings, shape (rows, numbers).

        Raises ``ValueError`` if they have another size than those of the training.
        """
        self._bins.add([embeddings])
        for name, counts in self._bins.drain():
            self._metrics.add_bins(name, counts)
