"""Formats the variance of metrics over seeds as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev

from packager.manifest.evaluation import SeedVariance
from packager.report.table import Cell, table

HEADS = ("rows", "metric", "mean", "standard deviation", "lowest", "highest")


def spread_text(spread: SeedVariance, columns: int | None = None) -> str:
    """Mean, standard deviation and range of every metric, overall and by slice."""
    seeds = f"{len(spread.seeds)} seeds: {', '.join(map(str, spread.seeds))}"
    groups = {"all": spread.overall, **spread.slices}
    rows = [row for name, metrics in groups.items() for row in _rows(name, metrics)]
    return f"{seeds}\n\n{table(HEADS, rows, columns)}"


def _rows(name: str, metrics: Mapping[str, Sequence[float]]) -> Iterator[tuple[Cell, ...]]:
    for metric, values in sorted(metrics.items()):
        deviation = stdev(values) if len(values) > 1 else 0.0
        yield name, metric, fmean(values), deviation, min(values), max(values)
