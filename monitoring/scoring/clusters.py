"""Metrics of groups that a model finds, without a truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.label_sets import MAX_PARTS
from monitoring.scoring.metric import Floats, Metric, Metrics, mean

MAX_SAMPLE = 1_000
"""Rows whose distances to each other are computed: time and memory grow with its square."""


def cluster_metrics(answers: Sequence[Any], features: Floats | None) -> Metrics:
    """Sizes, and the silhouette on evenly spaced rows.

    ``features``: the numeric features, shape (rows, features), which are divided by their standard
    deviations; None if there are none.
    """
    sizes = Counter(answers)
    shares = {label: count / len(answers) for label, count in sizes.most_common()}
    metrics = {
        "clusters": Metric(float(len(sizes)), None, "positive"),
        "largest_share": Metric(max(shares.values()), None, "share"),
        "smallest_share": Metric(min(shares.values()), None, "share"),
    }
    for label in list(shares)[:MAX_PARTS]:
        held = np.array([answer == label for answer in answers], np.float64)
        share = mean(held, "share", part=True)
        assert share is not None
        metrics[f"share_{label}"] = share
    if features is not None and features.shape[1] and len(sizes) > 1:
        codes = {label: code for code, label in enumerate(sizes)}
        indices = np.array([codes[answer] for answer in answers])
        value = _on_sample(features, indices)
        if value is not None:
            metrics["silhouette"] = Metric(value)
    return metrics


def _on_sample(features: Floats, indices: np.ndarray[Any, np.dtype[Any]]) -> float | None:
    sample = np.unique(np.linspace(0, len(features) - 1, MAX_SAMPLE).astype(int))
    rows, indices = features[sample], indices[sample]
    known = np.isfinite(rows).all(axis=1)
    rows, indices = rows[known], indices[known]
    if len(np.unique(indices)) < 2 or len(np.unique(indices)) == len(indices):
        return None
    deviation = rows.std(axis=0)
    return silhouette(rows / np.where(deviation > 0, deviation, 1.0), indices)


def silhouette(rows: Floats, indices: np.ndarray[Any, np.dtype[Any]]) -> float:
    """The mean silhouette (Rousseeuw 1987) by Euclidean distances, as scikit-learn's.

    ``rows``: shape (n, features); ``indices``: the group of each, shape (n,), at least two groups.
    """
    _, codes = np.unique(indices, return_inverse=True)
    size = np.bincount(codes)
    squares = (rows**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0))
    np.fill_diagonal(apart, 0)
    totals = apart @ np.eye(len(size))[codes]  # (n, groups)
    own, every = size[codes], np.arange(len(rows))
    within = totals[every, codes] / np.maximum(own - 1, 1)
    means = totals / size
    means[every, codes] = np.inf
    nearest = means.min(axis=1)
    largest = np.maximum(within, nearest)
    values = np.where(largest > 0, (nearest - within) / np.where(largest > 0, largest, 1), 0.0)
    return float(np.where(own > 1, values, 0.0).mean())
