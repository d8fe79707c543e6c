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
MIN_METRICS = 5
"""Metrics that the short form always shows."""
HIGH_IS_GOOD = (
    "accuracy",
    "f1_micro",
    "ndcg_at_",
    "concordance",
    "roc_auc",
    "recall_at_",
    "span_f1",
    "token_f1",
    "exact_match",
    "silhouette",
)
LOW_IS_GOOD = ("mae", "pinball", "brier")
"""Beginnings of metrics that slices are compared by, by priority."""
BASELINES = {
    "majority class": "the same label for every row",
    "mean": "the same number for every row",
    "baseline": "the same answer for every row",
}
"""Name of the answers that a model has to beat → what they are."""


def metrics_text(
    evaluation: Evaluation, spread: SeedVariance | None, columns: int | None, lines: int | None
) -> Iterator[str]:
    """A block with the metrics on all held-out rows, and a block with slices.

    ``lines`` limits the lines of both; metrics of one label, step or element are then left out, and
    the slices show one metric, those with the worst intervals first. None shows every metric of
    every slice. The column ``± seeds`` is the standard deviation over the seeds.
    """
    overall, slices = evaluation.overall, evaluation.slices
    reference = reference_name(overall)
    about = f"  {overall.rows:,} held-out rows; {reference}: {BASELINES[reference]}"
    seeds = spread.overall if spread else {}
    heads = ("metric", "value", INTERVAL, reference, SEEDS)
    right = (INTERVAL, SEEDS)
    shown = overall if lines is None else _summary(overall, lines, bool(slices))
    first = table(heads, metric_rows(shown, seeds), columns, right=right, indent=2)
    rest = len(overall.values) - len(shown.values)
    if rest:
        first += f"\n  and {rest} more metrics, of single labels, steps or outputs: --all"
    yield f"{about}\n\n{first}" if overall.baseline else first
    if not slices:
        return
    if lines is None:
        rows = [
            (name, metrics.rows, *row)
            for name, metrics in slices.items()
            for row in metric_rows(metrics, spread.slices.get(name, {}) if spread else {})
        ]
        yield table(("slice", "rows", *heads), rows, columns, right=right, indent=2)
        return
    remaining = lines - len(first.splitlines()) - 4
    main = main_metric(overall)
    if main is None:
        yield f"  {len(slices)} slices: --all"
        return
    yield _worst(evaluation, main, reference, columns, max(MIN_SLICES, remaining))


def main_metric(overall: MetricValues) -> str | None:
    """The metric that slices are compared by; of several outputs, that of the first by name."""
    names = [name for name in sorted(overall.values) if name not in overall.parts]
    for main in (*HIGH_IS_GOOD, *LOW_IS_GOOD):
        for name in names:
            if _bare(name).startswith(main):
                return name
    return None


def _bare(name: str) -> str:
    """A metric without the name of its output."""
    return name.partition(".")[2] if _has_output(name) else name


def _has_output(name: str) -> bool:
    """Whether the name of an output is before a metric; a dot may also be that of a number."""
    return not name.partition(".")[2][:1].isdigit() and "." in name


def _summary(overall: MetricValues, lines: int, has_slices: bool) -> MetricValues:
    """Without the metrics of parts; of the others the main ones first, if they are too many."""
    names = [name for name in overall.values if name not in overall.parts]
    most = max(MIN_METRICS, lines - 4 - (MIN_SLICES + 2 if has_slices else 0))
    if len(names) > most:
        mains = (*HIGH_IS_GOOD, *LOW_IS_GOOD)
        names.sort(key=lambda name: (not _bare(name).startswith(mains), name))
        names = names[:most]
    return overall.model_copy(update={"values": {name: overall.values[name] for name in names}})


def reference_name(overall: MetricValues) -> str:
    """The name of the baseline that a model has to beat."""
    if overall.parts:
        return "baseline"
    if "accuracy" in overall.values:
        return "majority class"
    return "mean" if "mae" in overall.values else "baseline"


def metric_rows(
    metrics: MetricValues, seeds: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, float, str, float | None, str]]:
    """Name, value, interval, baseline and deviation over ``seeds`` of each metric."""
    for name, value in sorted(metrics.values.items()):
        deviation = number(stdev(seeds[name])) if len(seeds.get(name, ())) > 1 else ""
        ends = interval(metrics.intervals.get(name))
        yield name, value, ends, metrics.baseline.get(name), deviation


def _worst(
    evaluation: Evaluation, metric: str, reference: str, columns: int | None, most: int
) -> str:
    """At most ``most`` slices, those with the worst intervals of ``metric``."""
    known, ordered = evaluation.slices, worst_slices(evaluation, metric)
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


def worst_slices(evaluation: Evaluation, metric: str) -> list[str]:
    """The slices that have ``metric``, those with the worst intervals first."""
    known = {n: metrics for n, metrics in evaluation.slices.items() if metric in metrics.values}
    return sorted(known, key=lambda name: _badness(known[name], metric))


def _badness(metrics: MetricValues, metric: str) -> float:
    """Sort key, smaller is worse: the better end of the interval.

    A slice of few rows has a wide interval and so does not come first by chance.
    """
    value = metrics.values[metric]
    low, high = metrics.intervals.get(metric, (value, value))
    return high if _bare(metric).startswith(HIGH_IS_GOOD) else -low
