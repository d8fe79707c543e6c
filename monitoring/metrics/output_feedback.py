"""The metrics of late labels of structured answers: sums of measures by output and slice.

As those of plain answers they are counters and written at once; a mean is the ratio of two.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitoring.metrics.amounts import bounded
from monitoring.metrics.feedback import OTHER_VERSION, REJECTIONS, SCORED, LabelRequests
from monitoring.metrics.reference import OTHER
from monitoring.metrics.registry import Counter, Series, label, set_bits
from monitoring.scoring.measures import ROW_MEASURES
from monitoring.scoring.outputs import (
    ERRORS,
    SCORE_MEASURES,
    LabelledOutput,
    amounts,
    measure_names,
    measured_slices,
)
from monitoring.slices.slices import ALL

MAX_LABELS_SHOWN = 8
"""Labels of sets that are counted each by itself, over all outputs; others are ``OTHER``."""
MAX_OUTPUTS_NAMED = 8
"""Outputs whose unmeasured slices are counted each by itself; others are ``OTHER``."""
LABEL_OUTCOMES = ("true_positive", "false_positive", "false_negative")
OUTPUT_REJECTIONS = (
    *(*REJECTIONS, "answer_missing", "wrong_answer", "not_by_output", "unknown_output"),
    *("unknown_part", "unscored_output", "not_a_class", "not_a_number", "not_labels"),
    *("not_numbers", "not_text", "not_a_boolean"),
)


@dataclass(frozen=True, slots=True)
class OutputResult:
    """The label of one output of one prediction."""

    output: LabelledOutput
    answer: Any
    truth: Any
    """In the form of the answer; of parts, a mapping of them."""
    parts: tuple[Any, ...]
    """The parts to count; of an output without parts, its name."""


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """The label of one prediction to count."""

    bitmap: int
    own_version: bool
    delay: float
    """Seconds from prediction to label."""
    results: tuple[OutputResult, ...]
    first: bool = True
    """Whether this is the prediction's first label."""

    def only(self, fresh: Sequence[bool]) -> ScoredAnswer | None:
        """The new part of it; None for nothing.

        ``fresh``: for the prediction itself, then for each part of each result.
        """
        first, *rest = fresh
        if not self.own_version:
            return self if first else None
        results = []
        for result in self.results:
            own, rest = rest[: len(result.parts)], rest[len(result.parts) :]
            parts = tuple(part for part, new in zip(result.parts, own, strict=True) if new)
            if parts:
                results.append(replace(result, parts=parts))
        return replace(self, results=tuple(results), first=first) if results else None


class OutputFeedbackMetrics(LabelRequests):
    """The metrics of labels for one package version with ``[outputs]`` in this process."""

    def __init__(
        self, series: Series, slices: Sequence[str], outputs: Sequence[LabelledOutput]
    ) -> None:
        """Create every series at 0."""
        self._common = series.common
        self._slices = tuple(slices)
        counter = series.counter("model_feedback_total", "Labels counted.", "slice", "outcome")
        self._scored = [counter.labels(*self._common, label(name), SCORED) for name in slices]
        self._other = counter.labels(self._common[0], OTHER_VERSION, ALL, SCORED)
        super().__init__(series, OUTPUT_REJECTIONS)
        self._measures(series, outputs)
        self._labels(series, outputs)

    def add(self, outcomes: Iterable[ScoredAnswer]) -> None:
        """Count labels; on return they are in the counter file."""
        sums: dict[Counter, float] = defaultdict(float)
        results: dict[str, list[tuple[OutputResult, int]]] = defaultdict(list)
        for outcome in outcomes:
            self._delay.observe(outcome.delay)
            if not outcome.own_version:
                sums[self._other] += 1
                continue
            if outcome.first:
                for index in set_bits(outcome.bitmap):
                    sums[self._scored[index]] += 1
            for result in outcome.results:
                results[result.output.name].append((result, outcome.bitmap))
        for name, own in results.items():
            for index, measure, amount, weight in _measured(own):
                series = self._sums.get((name, measure, index))
                if series is not None:
                    sums[series[0]] += bounded(amount * weight)
                    sums[series[1]] += weight
                squares = self._squares.get((name, measure, index))
                if squares is not None:
                    sums[squares] += bounded(amount * amount * weight)
            for result, _ in own:
                for text, outcome_name in _label_outcomes(result):
                    sums[self._of_label(name, text, outcome_name)] += 1
        for counter, amount in sums.items():
            counter.inc(amount)
        self._delay.flush()

    def _measures(self, series: Series, outputs: Sequence[LabelledOutput]) -> None:
        """Create the sums of measures, slice by slice, as long as there is room."""
        labels = "output", "measure", "slice"
        total = series.counter("model_output_measure_total", "Sum of a measure.", *labels)
        count = series.counter("model_output_measured_total", "Labels in the sum.", *labels)
        square = series.counter("model_output_measure_squared_total", "Sum of squares.", *labels)
        self._sums: dict[tuple[str, str, int], tuple[Counter, Counter]] = {}
        self._squares: dict[tuple[str, str, int], Counter] = {}
        slice_counts = measured_slices(outputs, len(self._slices))
        for output in outputs:
            for index in range(slice_counts[output.name]):
                for measure in measure_names(output):
                    values = (
                        *self._common,
                        label(output.name),
                        measure,
                        label(self._slices[index]),
                    )
                    key = output.name, measure, index
                    self._sums[key] = total.labels(*values), count.labels(*values)
                    if measure == output.headline and measure in ERRORS:
                        self._squares[key] = square.labels(*values)
        left_out = series.gauge(
            "model_output_unmeasured_slices", "Slices in which an output isn't measured.", "output"
        )
        missing = {name: len(self._slices) - slices for name, slices in slice_counts.items()}
        for name in [*missing][:MAX_OUTPUTS_NAMED]:
            left_out(name, missing.pop(name))
        if missing:
            left_out(OTHER, sum(missing.values()))

    def _labels(self, series: Series, outputs: Sequence[LabelledOutput]) -> None:
        """Create the counters of each label of a set."""
        counter = series.counter(
            "model_output_labels_total", "Labels of a set.", "output", "label", "outcome"
        )
        self._label_counters: dict[tuple[str, str, str], Counter] = {}
        room = MAX_LABELS_SHOWN
        for output in outputs:
            if output.form.kind != "labels":
                continue
            texts = [label(part) for part in output.parts or output.form.classes or ()]
            shown = texts[:room]
            room -= len(shown)
            for text in [*shown, *([OTHER] if len(shown) < len(texts) or not texts else [])]:
                for outcome in LABEL_OUTCOMES:
                    values = *self._common, label(output.name), text, outcome
                    self._label_counters[output.name, text, outcome] = counter.labels(*values)

    def _of_label(self, output: str, text: str, outcome: str) -> Counter:
        known = self._label_counters
        return known.get((output, text, outcome)) or known[output, OTHER, outcome]


def _measured(
    results: Sequence[tuple[OutputResult, int]],
) -> Iterator[tuple[int, str, float, float]]:
    """Slice, measure, value and weight, of labels of one output with their bitmaps.

    The measures are computed for all rows in one call. Some of the numbers of a row weigh as much
    as they are part of it, so that a row which comes in parts counts once.
    """
    whole = [(result, bitmap) for result, bitmap in results if _is_row(result)]
    if not whole:
        return
    output = whole[0][0].output
    columns = _columns(output, [result for result, _ in whole])
    for row, (result, bitmap) in enumerate(whole):
        weight = len(result.parts) / max(1, len(output.parts))
        if output.form.kind == "labels":
            weight = 1.0
        for name, values in columns.items():
            for measure, amount in amounts(name, values[row]):
                for index in set_bits(bitmap):
                    yield index, measure, amount, weight


def _is_row(result: OutputResult) -> bool:
    """Whether the measures of a row can be computed: of a set only if all of it is known."""
    if result.output.form.kind != "labels" or not result.output.parts:
        return True
    return isinstance(result.truth, list) and len(result.parts) == len(result.output.parts)


def _columns(output: LabelledOutput, results: Sequence[OutputResult]) -> dict[str, list[float]]:
    kind = output.form.kind
    answers = [result.answer for result in results]
    if kind == "score":
        scores = np.array(answers, np.float64)
        odd = np.array([result.truth for result in results], bool)
        parts = np.where(odd, scores, np.nan), np.where(odd, np.nan, scores)
        return {name: part.tolist() for name, part in zip(SCORE_MEASURES, parts, strict=True)}
    truths = [result.truth for result in results]
    if output.in_numbers:
        truths = [_numbers(result) for result in results]
    sizes = {len(truth) for truth in truths} if output.in_numbers else set()
    if len(sizes) > 1:  # rows of any length don't make one array
        rows = [_columns(output, [result]) for result in results]
        return {name: [row[name][0] for row in rows] for name in rows[0]}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of no number
        measures = ROW_MEASURES[kind](truths, answers, output.form)
    return {name: values.tolist() for name, values in measures.items()}


def _numbers(result: OutputResult) -> Any:
    """The right numbers in the order of the answer, None for those not to be counted."""
    size = result.output.size or np.asarray(result.answer, object).size
    counted = {*result.parts} if result.output.parts else result.truth
    return [result.truth.get(at) if at in counted else None for at in range(size)]


def _label_outcomes(result: OutputResult) -> Iterator[tuple[str, str]]:
    """Label and outcome, for each part of a set that is in the answer or in the label."""
    if result.output.form.kind != "labels":
        return
    predicted, truth = {*result.answer}, result.truth
    right = {one for one, held in truth.items() if held} if isinstance(truth, dict) else {*truth}
    for one in result.parts if result.output.parts else predicted | right:
        if one in predicted or one in right:
            index = 0 if one in predicted and one in right else 1 if one in predicted else 2
            yield label(one), LABEL_OUTCOMES[index]
