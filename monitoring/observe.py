"""What answered requests add to the counters: taken down at once, counted a few times a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring import metrics
from monitoring.metrics import Metrics
from monitoring.profile import Profile
from monitoring.slices import SliceSet


@dataclass(frozen=True, slots=True)
class Batch:
    """What one answered request holds; n rows."""

    columns: Sequence[Sequence[Any]]
    """Per column its n values, None for null."""
    labels: Sequence[Any]
    probabilities: npt.NDArray[np.float64] | Sequence[Sequence[float]] | None
    bitmaps: Sequence[int]
    """Per row, bit i for the slice ``SliceSet.names[i]``."""
    flags: Sequence[Sequence[str]]
    """Per row, ``feature:reason``."""
    anomalies: Mapping[tuple[str, str], int]
    """(feature, kind) → values."""


class Observer:
    """Counts batches: cheap to tell, and told to the metrics by ``flush``."""

    def __init__(
        self,
        columns: Sequence[str],
        profile: Profile | None,
        slices: SliceSet,
        metrics: Metrics,
    ) -> None:
        self._columns = columns
        self._features = profile.features if profile else ()
        self._slices = slices
        self._metrics = metrics
        self._batches: list[Batch] = []

    def observe(self, batch: Batch) -> None:
        """Take down a batch."""
        self._batches.append(batch)

    def flush(self) -> None:
        """Add to the metrics what was taken down since the last time."""
        batches, self._batches = self._batches, []
        for batch in batches:
            frame = pd.DataFrame(dict(zip(self._columns, batch.columns, strict=True)))
            bitmaps = np.asarray(batch.bitmaps, np.int64)
            self._metrics.observe_batch(
                metrics.Batch(
                    predicted=batch.labels,
                    slices={
                        name: (bitmaps >> bit & 1).astype(bool)
                        for bit, name in enumerate(self._slices.names)
                    },
                    bins={f.name: f.bin_indices(frame[f.name]) for f in self._features},
                    anomalies=batch.anomalies,
                    flags=batch.flags,
                )
            )
