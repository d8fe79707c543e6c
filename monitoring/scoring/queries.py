"""Metrics of rankings, by query: the rows of a query are ordered by their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.areas import average_precision
from monitoring.scoring.metric import Floats, Metric, Metrics, floats, mean, present


def ranking_metrics(
    truth: Sequence[Any], answers: Sequence[Any], queries: Sequence[Any], k: int
) -> Metrics:
    """NDCG of the first ``k`` rows of each query, and the mean average precision.

    ``truth``: the relevance of each row, 0 or more; above 0 is relevant for the precision.
    ``queries``: the query of each row. Queries without a relevant row are omitted; an unanswered
    row comes last.
    """
    relevance, scores = floats(truth), floats(answers)
    scores = np.where(np.isnan(scores), -np.finfo(np.float64).max, scores)
    rows_of: dict[Any, list[int]] = {}
    for row, query in enumerate(queries):
        rows_of.setdefault(query, []).append(row)
    gains, precisions = [], []
    for rows in rows_of.values():
        if relevance[rows].max() > 0:
            gains.append(ndcg(relevance[rows], scores[rows], k))
            precisions.append(average_precision(relevance[rows] > 0, scores[rows]))
    metrics = present(
        {
            f"ndcg_at_{k}": mean(np.array(gains, np.float64), "share"),
            "map": mean(np.array(precisions, np.float64), "share"),
        }
    )
    return metrics | {"queries": Metric(float(len(rows_of)), None, "positive")}


def ndcg(relevance: Floats, scores: Floats, k: int) -> float:
    """As scikit-learn's: gains are the relevances, discounts ``log2(place + 1)``; shapes (n,).

    Rows of equal scores have their mean relevance (McSherry & Najork 2008), so that the order of
    the rows doesn't count. At least one relevance is above 0.
    """
    _, indices, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    shared = (np.bincount(indices, relevance) / counts)[indices]
    ranked = shared[np.argsort(-scores, kind="stable")][:k]
    best = np.sort(relevance)[::-1][:k]
    discounts = 1 / np.log2(np.arange(2, len(ranked) + 2))
    return float((ranked * discounts).sum() / (best * discounts).sum())
