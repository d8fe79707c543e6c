"""Scores of one class as counts in bins: the area under the ROC curve without the rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
BINS = 64
DECIMALS = 6
"""Of edges: an edge is no row's score."""


class ScoreHistogram(NamedTuple):
    """Rows of the class, and other rows, by the score that the model gave the class."""

    edges: Floats
    """Between bins, increasing, shape (bins - 1,); a bin has its upper edge."""
    positive: Counts
    """Rows of the class in each bin, shape (bins,)."""
    negative: Counts


def score_histogram(scores: Floats, positive: Flags, bins: int = BINS) -> ScoreHistogram:
    """At most ``bins`` bins, whose edges are quantiles: half of them of the class's rows.

    ``scores`` and ``positive``: shape (n,), n >= 1. With the edges of all rows alone, the rows of a
    rare class would lie in a single bin.
    """
    parts = [part for part in (scores[positive], scores[~positive]) if len(part)]
    shares = np.linspace(0, 1, bins // len(parts) + 1)[1:-1]
    edges = np.unique(np.round(np.concatenate([np.quantile(p, shares) for p in parts]), DECIMALS))
    indices = np.searchsorted(edges, scores)
    size = len(edges) + 1
    return ScoreHistogram(
        edges,
        np.bincount(indices[positive], minlength=size),
        np.bincount(indices[~positive], minlength=size),
    )


def roc_area_of(histogram: ScoreHistogram) -> float:
    """The area under the ROC curve; rows of one bin count as ties. NaN if a part has no row."""
    below = np.cumsum(histogram.negative) - histogram.negative / 2
    pairs = float(histogram.positive.sum()) * float(histogram.negative.sum())
    return float((histogram.positive * below).sum()) / pairs if pairs else float("nan")
