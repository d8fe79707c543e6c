"""The spread of seeds as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev

from packager.manifest.evaluation import SeedVariance

HEAD = f"{'':<28} {'metric':<18} {'mean':>10} {'sd':>10} {'lowest':>10} {'highest':>10}"


def spread_text(spread: SeedVariance) -> str:
    """Mean, standard deviation and range of every metric, overall and by slice."""
    seeds = f"{len(spread.seeds)} seeds: {', '.join(map(str, spread.seeds))}"
    lines = [seeds, "", HEAD, *_rows("all", spread.overall)]
    for name, metrics in spread.slices.items():
        lines += _rows(name, metrics)
    return "\n".join(lines)


def _rows(name: str, metrics: Mapping[str, Sequence[float]]) -> Iterator[str]:
    for metric, values in sorted(metrics.items()):
        deviation = stdev(values) if len(values) > 1 else 0.0
        numbers = (fmean(values), deviation, min(values), max(values))
        shown = " ".join(f"{number:>10.4f}" for number in numbers)
        yield f"{name:<28} {metric:<18} {shown}"
