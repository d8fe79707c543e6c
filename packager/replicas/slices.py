"""Quality by slice from counters: the scores of labels against the packaged baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from monitoring.scoring.outputs import ERRORS
from monitoring.slices.slices import ALL
from monitoring.stats import accuracy
from monitoring.stats.accuracy import MeanBaseline, mean_z, share_z
from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.distributions import normal_tail
from monitoring.stats.intervals import sums_interval, variance_of_sums, wilson
from monitoring.stats.sequential import LastingChange
from packager.replicas.counters import CounterTotals


@dataclass(frozen=True)
class SliceDrift:
    """Labels of one slice; ``score`` is accuracy, or the mean absolute error."""

    name: str
    rows: float
    labels: float
    score: float
    low: float
    """Of the interval of ``score``, at this moment."""
    high: float
    baseline: float | None
    baseline_rows: float
    """Independent held-out rows."""
    design_effect: float
    """Labels that say as much as one independent label."""
    z: float = math.nan
    p: float = math.nan
    """One-sided p-value of ``z``."""
    q: float = math.nan
    """``p`` adjusted for the number of slices (Benjamini and Hochberg)."""
    change_low: float = math.nan
    """Of ``score`` minus ``baseline``: an interval for all slices and every moment since the start.
    NaN for a window, which forgets."""
    change_high: float = math.nan
    regressed: bool = False
    output: str | None = None  # the output and the measure of ``score``, with ``[outputs]``
    measure: str | None = None

    @property
    def verdict(self) -> Literal["worse", "ok", "no labels", "too few labels", "no baseline"]:
        """The verdict; none is possible below ``MIN_SLICE_ROWS`` labels or without a baseline."""
        if self.regressed:
            return "worse"
        if not self.labels:
            return "no labels"
        if self.labels / self.design_effect < accuracy.MIN_SLICE_ROWS:
            return "too few labels"
        return "no baseline" if self.baseline is None else "ok"


@dataclass(frozen=True)
class _Labels:
    """The labels of one slice, and of an output if there are several, before the verdict."""

    name: str
    count: float
    total: float
    """Of right answers, of values from 0 to 1, or of errors."""
    squares: float
    """Of errors; NaN of shares."""
    baseline: float | None
    baseline_rows: float
    baseline_variance: float
    served: float
    error: bool
    output: str | None = None
    measure: str | None = None

    @property
    def judged(self) -> bool:
        """Whether there is something to compare."""
        return bool(self.baseline is not None and self.count)


def slice_drifts(totals: CounterTotals, design_effect: float) -> tuple[SliceDrift, ...]:
    """The verdict on each slice; of several outputs on each measure in it.

    Labels are divided by the larger of ``design_effect`` and that of the package. Counters that
    grow since the start are looked at again and again: then a slice is worse only if that holds at
    every look (:class:`monitoring.stats.sequential.LastingChange`).
    """
    effect = max(design_effect, *totals.of("model_label_design_effect").values(), 1.0)
    labels = _of_outputs(totals) or _of_slices(totals)
    tests = sum(one.judged for one in labels)
    lasting = LastingChange(tests) if totals.cumulative and tests else None
    return _with_q([_judged(one, effect, lasting) for one in labels])


def _judged(one: _Labels, effect: float, lasting: LastingChange | None) -> SliceDrift:
    rows = one.count / effect
    low, high = _interval(one, rows)
    score = one.total / one.count if one.count else math.nan
    known = one.baseline, one.baseline_rows, effect
    plain = SliceDrift(
        *(one.name, one.served, one.count, score, low, high, *known),
        output=one.output,
        measure=one.measure,
    )
    if one.baseline is None or not one.count:
        return plain
    z, worse, change = _tested(one, one.baseline, rows, lasting)
    if lasting is not None:
        worse = worse and (change[0] > 0 if one.error else change[1] < 0)
    tail = normal_tail(z if one.error else -z)
    low, high = change
    return replace(plain, z=z, p=tail, regressed=worse, change_low=low, change_high=high)


def _interval(one: _Labels, rows: float) -> tuple[float, float]:
    """Of the score of ``rows`` independent labels; NaN for a measure without a baseline."""
    if not one.count or (one.output is not None and one.baseline is None):
        return math.nan, math.nan
    share = rows / one.count
    if one.error:
        return sums_interval(one.total * share, one.squares * share, rows)
    return wilson(one.total * share, rows)


def _tested(
    one: _Labels, value: float, rows: float, lasting: LastingChange | None
) -> tuple[float, bool, tuple[float, float]]:
    """z, the verdict of the alert, and the change at any time; ``rows``: independent labels."""
    never = math.nan, math.nan
    if one.error:
        known = MeanBaseline(value, one.baseline_variance, one.baseline_rows)
        mean, variance = one.total / one.count, variance_of_sums(one.total, one.squares, one.count)
        z = mean_z(mean, variance, rows, known)
        worse = accuracy.mean_regressed(mean, variance, rows, known)
        return z, worse, lasting.of_mean(mean, variance, rows, known) if lasting else never
    share = one.total / one.count
    against = share * rows, rows, value, one.baseline_rows
    worse = accuracy.accuracy_regressed(*against)
    return share_z(*against), worse, lasting.of_share(*against) if lasting else never


def _with_q(drifts: Sequence[SliceDrift]) -> tuple[SliceDrift, ...]:
    tested = [index for index, one in enumerate(drifts) if not math.isnan(one.p)]
    adjusted = benjamini_hochberg([drifts[index].p for index in tested]) if tested else []
    known = dict(zip(tested, adjusted, strict=True))
    return tuple(replace(one, q=known.get(i, math.nan)) for i, one in enumerate(drifts))


def _of_outputs(totals: CounterTotals) -> list[_Labels]:
    served = totals.of("model_slice_predictions_total")
    measured = totals.of("model_output_measured_total")
    labels = []
    for key in sorted(measured, key=lambda key: (*key[:2], key[2] != ALL, key[2])):
        output, measure, name = key
        labels.append(
            _Labels(
                name,
                measured[key],
                totals.of("model_output_measure_total").get(key, 0.0),
                totals.of("model_output_measure_squared_total").get(key, math.nan),
                totals.of("model_output_baseline").get(key),
                totals.of("model_output_baseline_effective_rows").get(key, 0.0),
                totals.of("model_output_baseline_error_variance").get(key, math.nan),
                served.get((name,), 0.0),
                measure in ERRORS,
                output,
                measure,
            )
        )
    return labels


def _of_slices(totals: CounterTotals) -> list[_Labels]:
    served, feedback = (
        totals.of(name) for name in ("model_slice_predictions_total", "model_feedback_total")
    )
    errors = totals.of("model_feedback_absolute_error_total")
    kind = "mae" if errors else "accuracy_ratio"
    labels = []
    for name in _in_order({name for (name,) in served} | {name for name, _ in feedback}):
        right = feedback.get((name, "correct"), 0.0)
        counted = right + feedback.get((name, "incorrect"), 0.0)
        labels.append(
            _Labels(
                name,
                feedback.get((name, "scored"), 0.0) if errors else counted,
                errors.get((name,), 0.0) if errors else right,
                totals.of("model_feedback_squared_error_total").get((name,), math.nan),
                totals.of(f"model_slice_baseline_{kind}").get((name,)),
                totals.of("model_slice_baseline_effective_rows").get((name,), 0.0),
                totals.of("model_slice_baseline_error_variance").get((name,), math.nan),
                served.get((name,), 0.0),
                bool(errors),
            )
        )
    return labels


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name != ALL, name))
