"""Edges between the bins of numbers that the package has no bins of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
FINE_BINS = 40
"""Of the grid to which ranges are fitted."""


def number_edges(numbers: Floats, most: int = BINS) -> Floats:
    """The first values of bins of about equal rows, at most ``most`` - 1; NaN is in none.

    A value of more rows than a bin has a bin of its own, as zero has in amounts that most rows
    lack; the other rows are divided by quantiles.
    """
    present = numbers[np.isfinite(numbers)]
    values, counts = np.unique(present, return_counts=True)
    if len(values) <= most:
        return values[1:]
    heavy = np.flatnonzero(counts >= len(present) / most)
    own = {values[at] for at in heavy} | {values[at + 1] for at in heavy if at + 1 < len(values)}
    others = present[~np.isin(present, values[heavy])]
    bins = max(2, most - len(heavy))
    if len(others):
        own |= set(np.quantile(others, np.arange(1, bins) / bins, method="higher"))
    return np.array(sorted(own - {values[0]}), np.float64)
