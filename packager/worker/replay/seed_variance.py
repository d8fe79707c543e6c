"""Variance of metrics between seeds, and whether new metrics are within it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.stats.distributions import student_quantile
from packager.errors import PackageError
from packager.manifest.evaluation import Evaluation, SeedVariance

MIN_SEEDS = 5
"""Minimum number of seeds for the level ``statistical``."""


def seed_variance(seeds: Sequence[int], evaluations: Sequence[Evaluation]) -> SeedVariance:
    """Every metric that all evaluations have, with one value per seed, overall and by slice."""
    if len(seeds) != len(evaluations) or not seeds:
        raise PackageError(
            f"expected one evaluation a seed, got {len(evaluations)} for {len(seeds)}",
            "train at least one seed",
        )
    names = set.intersection(*(set(evaluation.slices) for evaluation in evaluations))
    return SeedVariance(
        seeds=tuple(seeds),
        overall=_columns([evaluation.overall.values for evaluation in evaluations]),
        slices={
            name: _columns([evaluation.slices[name].values for evaluation in evaluations])
            for name in sorted(names)
        },
    )


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % prediction interval of one more value: mean ± t·s·√(1 + 1/k), k - 1 d.f.

    Source: Hahn & Meeker, Statistical Intervals (1991), 4.8. It is not
    the interval of the mean, because it has to contain one new training. Unbounded for one value.
    """
    k = len(values)
    if k < 2:
        return -math.inf, math.inf
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    half = student_quantile(0.975, k - 1) * deviation * math.sqrt(1 + 1 / k)
    return mean - half, mean + half


def intervals(spread: SeedVariance | None) -> dict[str, tuple[float, float]]:
    """Overall metric → its interval; empty with fewer than ``MIN_SEEDS`` seeds."""
    if spread is None or len(spread.seeds) < MIN_SEEDS:
        return {}
    return {name: interval(values) for name, values in sorted(spread.overall.items())}


def within_seed_variance(
    spread: SeedVariance | None, now: Evaluation | None, accept: Mapping[str, float]
) -> bool:
    """Whether the judged metrics (those in ``accept``, else all) are within their intervals."""
    bounds = intervals(spread)
    values = now.overall.values if now else {}
    judged = sorted(accept) if accept else sorted(bounds)
    return bool(judged) and all(
        name in bounds and name in values and bounds[name][0] <= values[name] <= bounds[name][1]
        for name in judged
    )


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, ...]]:
    names = set.intersection(*(set(row) for row in rows))
    return {name: tuple(row[name] for row in rows) for name in sorted(names)}
