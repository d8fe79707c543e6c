"""Formats the metrics of a package, each with its interval and its baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import stdev

from packager.manifest.evaluation import Evaluation, MetricValues, SeedVariance
from packager.report.numbers import interval, number
from packager.report.table import Cell, table

INTERVAL = "95 % interval"
SEEDS = "± seeds"
MIN_SLICES = 3
"""Slices that the short form always shows."""


def metrics_text(
    evaluation: Evaluation, spread: SeedVariance | None, columns: int | None, lines: int | None
) -> Iterator[str]:
    """A block with the metrics on all held-out rows, and a block with slices.

    ``lines`` limits the lines of both; the slices then show one metric, those with the worst
    intervals first. None shows every metric of every slice. The column ``± seeds`` is the standard
    deviation over the seeds.
    """
    overall, slices = evaluation.overall, evaluation.slices
    reference = _reference(overall)
    about = f"  {overall.rows:,} held-out rows; {reference}: {_meaning(reference)}"
    seeds = spread.overall if spread else {}
    heads = ("metric", "value", INTERVAL, reference, SEEDS)
    right = (INTERVAL, SEEDS)
    first = table(heads, _rows(overall, seeds), columns, right=right, indent=2)
    yield f"{about}\n\n{first}" if overall.baseline else first
    if not slices:
        return
    if lines is None:
        rows = [
            (name, found.rows, *row)
            for name, found in slices.items()
            for row in _rows(found, spread.slices.get(name, {}) if spread else {})
        ]
        yield table(("slice", "rows", *heads), rows, columns, right=right, indent=2)
        return
    left = lines - len(first.splitlines()) - 4
    yield _worst(evaluation, reference, columns, max(MIN_SLICES, left))


def _reference(overall: MetricValues) -> str:
    return "majority class" if "accuracy" in overall.values else "mean"


def _meaning(reference: str) -> str:
    what = "label" if reference == "majority class" else "number"
    return f"the same {what} for every row"


def _rows(
    found: MetricValues, seeds: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, float, str, float | None, str]]:
    for name, value in sorted(found.values.items()):
        deviation = number(stdev(seeds[name])) if len(seeds.get(name, ())) > 1 else ""
        ends = interval(found.intervals.get(name))
        yield name, value, ends, found.baseline.get(name), deviation


def _worst(evaluation: Evaluation, reference: str, columns: int | None, most: int) -> str:
    """At most ``most`` slices, those with the worst intervals of the task's main metric."""
    metric = "accuracy" if reference == "majority class" else "mae"
    known = {n: found for n, found in evaluation.slices.items() if metric in found.values}
    ordered = sorted(known, key=lambda name: _badness(known[name], metric))
    shown = ordered if len(ordered) <= most else ordered[: most - 1]
    heads = ("slice", "rows", metric, INTERVAL, reference)
    rows: Iterable[tuple[Cell, ...]] = (
        (
            name,
            known[name].rows,
            known[name].values[metric],
            interval(known[name].intervals.get(metric)),
            known[name].baseline.get(metric),
        )
        for name in shown
    )
    text = table(heads, rows, columns, right=(INTERVAL,), indent=2)
    rest = len(ordered) - len(shown)
    return f"{text}\n  and {rest} more slices, which are better: --all" if rest else text


def _badness(found: MetricValues, metric: str) -> float:
    """Sort key, smaller is worse: the better end of the interval.

    A slice of few rows has a wide interval and so does not come first by chance.
    """
    value = found.values[metric]
    low, high = found.intervals.get(metric, (value, value))
    return high if metric == "accuracy" else -low
