"""New rows that the model was trained on: they say nothing about its quality."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from packager.data.fingerprint import row_hashes
from packager.manifest.manifest import DataSource, Manifest
from packager.worker.test.new_rows import NewRows
from packager.worker.test.report import Check
from packager.worker.train.dataset import Dataset

Mask = npt.NDArray[np.bool_]
MIN_SHARE = 0.01
"""An overlap above what chance explains by more than this is a finding."""
MIN_Z = 3.0


@dataclass(frozen=True)
class TrainingOverlap:
    """New rows whose features equal those of a training row."""

    trained: Mask
    """Of each row, shape (n,)."""
    by_chance: float
    """The share of fresh rows that would equal a training row."""

    @property
    def share(self) -> float:
        """Of the new rows."""
        return float(self.trained.mean())

    @property
    def beyond_chance(self) -> bool:
        """Whether more rows are equal than chance explains."""
        rows, expected = len(self.trained), self.by_chance
        noise = math.sqrt(expected * (1 - expected) / rows) if rows else 0.0
        return bool(rows) and self.share > expected + max(MIN_SHARE, MIN_Z * noise)

    @property
    def fresh(self) -> Mask:
        """The rows whose quality is measured, shape (n,): all, if chance explains the others."""
        return ~self.trained if self.beyond_chance else np.ones(len(self.trained), np.bool_)

    def check(self, rows: NewRows) -> Check:
        """The finding, which warns: rows beyond chance are left out of quality."""
        beyond_chance = self.beyond_chance
        seen = int(self.trained.sum())
        what = f"{seen:,} of {len(rows):,} rows have the features of a training row"
        left_out = ": they are left out of what is measured with labels" if beyond_chance else ""
        return Check(
            family="suspects",
            name="rows of the training",
            metric="share",
            baseline=self.by_chance,
            now=self.share,
            difference=self.share - self.by_chance,
            limit=MIN_SHARE,
            rows=len(rows),
            severity="warn",
            verdict="warned" if beyond_chance else "passed",
            why=f"{what}, {self.by_chance:.1%} are expected by chance{left_out}",
        )


def training_overlap(rows: NewRows, packaged: Dataset) -> TrainingOverlap:
    """Compare the new rows with the training rows by their features."""
    names = [column.name for column in rows.manifest.schema_.features]
    training = row_hashes(packaged.train[names])
    distinct, counts = np.unique(training, return_counts=True)
    # Good (1953): the share of singletons estimates the probability of a row not seen before.
    by_chance = 1 - float((counts == 1).sum()) / max(1, len(training))
    by_chance *= _kept_together(rows.manifest, packaged)
    return TrainingOverlap(np.isin(row_hashes(rows.served[names]), distinct), by_chance)


def _kept_together(manifest: Manifest, packaged: Dataset) -> float:
    """The share of repeated rows that are training rows.

    A split by the hash of the features has all equal rows on one side: those on the other are no
    training rows. In every other split they are on both.
    """
    source = manifest.data
    if isinstance(source, DataSource):
        split = source.split
        # Without ``by``, a hash split follows ``[test] groups``.
        if not (split.by or split.time or split.file or manifest.test.groups):
            return len(packaged.train) / (len(packaged.train) + len(packaged.test))
    return 1.0
