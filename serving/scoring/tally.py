"""Counts the rows of one part of a table as a server counts those it answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelhost.predictions import Predictions
from monitoring.metrics.recorder import Batch, MetricsRecorder
from monitoring.metrics.registry import CollectorRegistry
from monitoring.metrics.serving import ServingMetrics
from serving.prediction.package_files import PackageFiles
from serving.scoring.checked_block import CheckedBlock

Sample = tuple[str, dict[str, str], float]
"""Name, labels and value of one series."""


class PartTally:
    """The metrics of scored rows, without those of requests."""

    def __init__(self, files: PackageFiles) -> None:
        self._files = files
        self._begin()

    def _begin(self) -> None:
        """Start at 0: a sum of floats must not depend on the parts before."""
        files, self._registry = self._files, CollectorRegistry()
        metrics = ServingMetrics(files.measured_package(), {}, self._registry)
        self._recorder = MetricsRecorder(files.names, files.profile, metrics, files.clocks)
        self._before = self._values()

    def all(self) -> list[Sample]:
        """Every series, such as the packaged baselines."""
        return [(name, dict(labels), value) for (name, labels), value in self._before.items()]

    def count(self, block: CheckedBlock, predictions: Predictions, compiled: int) -> None:
        """Count rows and their answers."""
        seen = block.seen
        parts = [(np.flatnonzero(seen), True), (np.flatnonzero(~seen), False)]
        for rows, coded in parts:
            if len(rows):
                answered = min(compiled, len(rows))
                compiled -= answered
                whole = len(rows) == block.rows
                self._recorder.observe(
                    self._batch(
                        block.at(rows),
                        predictions if whole else predictions.at(rows.tolist()),
                        answered,
                        coded,
                    )
                )

    def finished(self) -> list[Sample]:
        """The increase of the counters by this part; the next part begins."""
        self._recorder.flush()
        before, after = self._before, self._values()
        self._begin()
        risen = ((key, value - before.get(key, 0.0)) for key, value in after.items())
        return [(name, dict(labels), more) for (name, labels), more in risen if more]

    def _batch(
        self, block: CheckedBlock, predictions: Predictions, compiled: int, coded: bool
    ) -> Batch:
        arrays = block.arrays if coded else None
        bitmaps: Any = (
            self._files.membership.bitmaps(block.columns, block.rows)
            if arrays is None
            else self._files.membership.bitmaps_of(block.columns, arrays)
        )
        return Batch(
            block.columns,
            predictions.labels,
            predictions.probabilities,
            bitmaps,
            block.flag_lists(),
            block.anomalies,
            compiled=compiled,
            arrays=arrays,
            defaulted=dict.fromkeys(block.defaulted, block.rows),
        )

    def _values(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self._registry.collect()
            for sample in family.samples
            if not sample.name.endswith("_created")
        }
