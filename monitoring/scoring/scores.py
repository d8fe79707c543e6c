"""Metrics of scores: their distribution, and how well they order a truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.areas import average_precision, roc_area, roc_influence
from monitoring.scoring.metric import Floats, Metric, Metrics, floats, mean, present

PERCENTILES = (5, 50, 95)


def score_metrics(truth: Sequence[Any] | None, answers: Sequence[Any]) -> Metrics:
    """Distribution; with a truth of two values AUC and average precision, else Spearman's rho."""
    scores = floats(answers)
    known = np.isfinite(scores)
    metrics = distribution(scores[known], "score")
    if not known.all():
        metrics |= present({"unanswered": mean((~known).astype(np.float64), "share")})
    if truth is None:
        return metrics
    right = floats(truth)[known]
    if np.isin(right, (0, 1)).all():
        return metrics | _two_kinds(right == 1, scores[known])
    rho = rank_correlation(right, scores[known])
    return metrics | present({"spearman": None if rho is None else Metric(rho)})


def distribution(values: Floats, name: str) -> Metrics:
    """Mean, standard deviation and percentiles of finite values, shape (n,); empty for none."""
    if not len(values):
        return {}
    metrics = {f"{name}_mean": mean(values), f"{name}_std": Metric(float(values.std()))}
    for percent, value in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True):
        metrics[f"{name}_p{percent:02}"] = Metric(float(value))
    return present(metrics)


def rank_correlation(one: Floats, other: Floats) -> float | None:
    """Spearman's rho, equal values with their mean rank; None if one doesn't vary."""
    ranks = [_ranks(one), _ranks(other)]
    if len(one) < 2 or any(not np.ptp(rank) for rank in ranks):
        return None
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _two_kinds(positive: np.ndarray[Any, np.dtype[np.bool_]], scores: Floats) -> Metrics:
    if not positive.any() or positive.all():
        return {}
    influence = roc_influence(positive, scores)
    return {
        "roc_auc": Metric(roc_area(positive, scores), influence, "share"),
        "average_precision": Metric(average_precision(positive, scores), None, "share"),
    }


def _ranks(values: Floats) -> Floats:
    _, indices, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[indices], np.float64)
