"""Held-out rows with the features of a training row (twins): chance or copies, and relevance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from packager.data.checks.issue import Mask
from packager.data.checks.table import CheckedTable

MIN_STANDARD_ERRORS = 4.0
"""Standard errors by which twins across the split must exceed twins within training."""
MIN_SHARE = 0.01
"""Twins of a smaller share of the held-out rows hardly change a metric."""
MIN_NEAR_DUPLICATE_SHARE = 0.1
"""From this share of rows with a near twin on, twins are expected by chance."""
MAX_ROWS = 20_000


@dataclass(frozen=True)
class SplitOverlap:
    """Twins across the split, compared with chance."""

    held_out: int
    """Number of held-out rows."""
    across: float
    """Share of them with the features of a training row."""
    chance: float
    """Share expected by chance: that of training rows with a twin in training, or 0."""

    @property
    def beyond_chance(self) -> bool:
        """Whether there are more than by chance, by 4 standard errors."""
        spread = max(self.chance * (1 - self.chance), 1 / self.held_out) / self.held_out
        margin = MIN_STANDARD_ERRORS * math.sqrt(spread) if self.chance else 0.0
        return self.across - self.chance > margin

    @property
    def is_relevant(self) -> bool:
        """Whether they could change a metric by more than its standard error.

        The accuracy on n rows has a standard error of at most 0.5 / √n.
        """
        return self.across - self.chance > max(MIN_SHARE, 0.5 / math.sqrt(self.held_out))


def split_overlap(table: CheckedTable, held_out: Mask, known: Mask) -> SplitOverlap:
    """The twins of ``table``; ``known``: mask of the held-out rows with a twin in training."""
    rows = int(held_out.sum())
    chance = 0.0
    if _coarse(table):
        trained = pd.Series(table.feature_hashes[table.trained])
        chance = float(trained.duplicated(keep=False).mean())
    return SplitOverlap(rows, float(known.sum()) / rows, chance)


def _coarse(table: CheckedTable) -> bool:
    """Whether different rows often differ in a single feature, so that equal rows are expected.

    If they don't, a row that equals another one in every feature is a copy of it.
    """
    _, first = np.unique(table.feature_hashes, return_index=True)
    distinct = first[:: -(-len(first) // MAX_ROWS)]
    draw = np.random.default_rng(0)
    parts = []
    for name in table.features:
        cells = table.frame[name].iloc[distinct]
        codes = table.texts[name].codes[distinct] if name in table.texts else pd.factorize(cells)[0]
        mixed = draw.integers(0, 2**63, int(codes.max(initial=0)) + 2, dtype=np.uint64)
        parts.append(mixed[codes])  # code -1, a null, takes the last one
    whole = np.sum(parts, axis=0, dtype=np.uint64)
    near = np.zeros(len(distinct), dtype=np.bool_)
    for part in parts:
        _, index, counts = np.unique(whole - part, return_inverse=True, return_counts=True)
        near |= counts[index] > 1
    return float(near.mean()) >= MIN_NEAR_DUPLICATE_SHARE
