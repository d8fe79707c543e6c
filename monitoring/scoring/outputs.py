"""The outputs of a model as late labels see them: what of an answer can be labelled on its own.

A label may come in parts: some of several outputs, some labels of a set, some steps of a forecast.
Each part counts once, so the number of parts of one prediction is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from monitoring.scoring.levels import number_name
from monitoring.scoring.measures import ROW_MEASURES, OutputForm

MAX_PARTS = 64
"""Parts of one prediction over all its outputs, unless it has more outputs. An output whose parts
don't fit has one: its label has to be whole."""
MAX_OUTPUT_SERIES = 180
"""Series of measures and baselines, for all outputs and slices together."""
SIGNED = frozenset({"bias", "width"})
"""Measures that may be negative; a counter can't, so each has two: ``_over`` and ``_under``."""
HEADLINES = {
    "label": "accuracy",
    "number": "mae",
    "labels": "jaccard",
    "numbers": "mae",
    "array": "mae",
    "quantiles": "pinball",
    "text": "token_f1",
    "json": "exact_match",
}
"""The measure of each kind of output that stands for it; none of an anomaly score."""
ERRORS = frozenset({"mae", "pinball"})
"""Headlines for which lower is better; the others are shares."""
SCORE_MEASURES = ("score_anomalous", "score_normal")
"""Means of the anomaly score over rows that are anomalous, and over the others."""


def headline_of(form: OutputForm) -> str | None:
    """The metric of an evaluation that stands for an output; None of an anomaly score or a risk."""
    if form.k is not None:
        return f"ndcg_at_{form.k}"
    if form.times:
        return "brier"
    if form.top is not None:
        return f"recall_at_{form.top}"
    return "span_f1" if form.spans else HEADLINES.get(form.kind)


class LabelledOutput(NamedTuple):
    """One output, and the parts of its label."""

    name: str
    form: OutputForm
    size: int | None
    """Numbers of one answer; None if there are not several, or it is unknown."""
    has_target: bool
    """Whether the training data had the right answer."""
    parts: tuple[Any, ...] = ()
    """The labels, or the places of the numbers, that can come alone; empty if none can."""
    names: tuple[str, ...] = ()
    """Names of the numbers, such as those of the steps of a forecast; empty if they have none."""
    survival: tuple[str, ...] = ()
    """The columns of the time and of the event, of survival probabilities."""

    @property
    def in_numbers(self) -> bool:
        """Whether a label is a list of numbers: also of quantiles for each of several steps."""
        return self.form.kind in ("numbers", "array") or (
            self.form.kind == "quantiles" and self.size is not None
        )

    @property
    def scored(self) -> bool:
        """Whether a label can be compared: not for a cluster or an embedding."""
        return self.has_target or self.form.kind not in ("label", "array")

    @property
    def headline(self) -> str | None:
        """The measure that alerts watch: a mean over rows, whose baseline the package has.

        None of a ranking, which is measured by query, and of survival, by censored times.
        """
        if not self.scored or self.form.k is not None or self.form.times:
            return None
        return (
            headline_of(self.form) if self.form.top is not None else HEADLINES.get(self.form.kind)
        )


def with_parts(outputs: Iterable[LabelledOutput]) -> tuple[LabelledOutput, ...]:
    """``outputs`` with their parts, in this order as long as ``MAX_PARTS`` allows."""
    output_list = [*outputs]
    remaining = MAX_PARTS - len(output_list)  # each has one at least
    divided = []
    for one in output_list:
        parts = _parts(one)
        if len(parts) - 1 > remaining:
            parts = ()
        remaining -= max(0, len(parts) - 1)
        divided.append(one._replace(parts=parts))
    return tuple(divided)


def measure_names(output: LabelledOutput) -> tuple[str, ...]:
    """The measures of one row of ``output``, from those of a sample answer; signed ones twice."""
    if not output.scored:
        return ()
    if output.form.kind == "score":
        return SCORE_MEASURES
    sample = _sample(output)
    measures = ROW_MEASURES[output.form.kind]([sample[0]], [sample[1]], output.form)
    return tuple(
        name
        for measure in measures
        for name in ((f"{measure}_over", f"{measure}_under") if measure in SIGNED else (measure,))
    )


def measured_slices(outputs: Sequence[LabelledOutput], slices: int) -> dict[str, int]:
    """Output → how many of the first slices have its measures, ``__all__`` being the first.

    Room is given slice by slice, and within a slice in the order of the outputs.
    """
    room, slice_counts = MAX_OUTPUT_SERIES, {one.name: 0 for one in outputs}
    full: set[str] = set()
    for _ in range(slices):
        for output in outputs:
            names = measure_names(output)
            # A headline has a baseline and its rows; an error also two sums of squares.
            needed = (
                2 * len(names) + 2 * (output.headline is not None) + 2 * (output.headline in ERRORS)
            )
            if not names or output.name in full or needed > room:
                full.add(output.name)  # never a slice behind one that is left out
            else:
                room -= needed
                slice_counts[output.name] += 1
    return slice_counts


def amounts(measure: str, value: float) -> tuple[tuple[str, float], ...]:
    """Name → what a row adds to the counter of a measure's sum: finite, and never negative."""
    if not math.isfinite(value):
        return ()
    if measure in SIGNED:
        return (f"{measure}_over", max(0.0, value)), (f"{measure}_under", max(0.0, -value))
    return ((measure, max(0.0, value)),)


def _parts(output: LabelledOutput) -> tuple[Any, ...]:
    if output.form.kind == "labels":
        return tuple(output.form.classes or ())
    if output.in_numbers and output.size and output.scored:
        return tuple(range(output.size))
    return ()


def _sample(output: LabelledOutput) -> tuple[Any, Any]:
    """A right answer and an answer."""
    form = output.form
    zeros = [0.0] * (output.size or 1)
    if form.kind == "quantiles":
        step: Any = zeros if output.in_numbers else 0.0
        return step, {number_name(level): step for level in form.levels or ()}
    one: dict[str, Any] = {"number": 0.0, "labels": [], "numbers": zeros, "array": zeros}
    sample = one.get(form.kind, "")
    return sample, sample
