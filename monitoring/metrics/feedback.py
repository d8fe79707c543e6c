"""The metrics of late labels.

Its counters are written at once, without buffering: a label is acknowledged only once it is
counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.metrics.amounts import bounded
from monitoring.metrics.reference import OTHER
from monitoring.metrics.registry import Counter, Series, label, set_bits
from monitoring.slices.slices import ALL

MAX_CONFUSION = 10
OUTCOMES = ("correct", "incorrect")
SCORED = "scored"
REJECTIONS = (
    "malformed",
    "bad_signature",
    "expired",
    "unknown_version",
    "no_prediction",
    "duplicate",
)
"""Reasons for any task; ``NOT_A_CLASS`` or ``NOT_A_NUMBER`` is added by task."""
NOT_A_CLASS = "not_a_class"
NOT_A_NUMBER = "not_a_number"
OTHER_VERSION = "other"
"""The ``version`` label for outcomes of predictions by another version of the package."""
MINUTE, HOUR, DAY = 60, 3600, 86_400
DELAY_BUCKETS = (MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)


@dataclass(frozen=True, slots=True)
class ScoredLabel:
    """One label to count."""

    bitmap: int
    """Slices of its row; meaningless for another version."""
    own_version: bool
    """Whether this version of the package made the prediction."""
    delay: float
    """Seconds from prediction to label."""
    correct: bool | None = None
    """None for a regression."""
    predicted: Any = None
    actual: Any = None
    """Class labels, None for a prediction that isn't one of our classes; ``actual`` may be a
    number."""
    error: float = 0.0
    """Prediction minus actual number, for a regression."""

    def only(self, fresh: Sequence[bool]) -> ScoredLabel | None:
        """Itself if it is new, else None."""
        return self if fresh[0] else None


class LabelRequests:
    """Labels that are refused or still missing, and the time until labels come."""

    def __init__(self, series: Series, reasons: Iterable[str]) -> None:
        """Create the series at 0; ``reasons``: why a label may be refused."""
        counter = series.counter("model_feedback_rejected_total", "Labels refused.", "reason")
        self._rejected = {reason: counter.labels(*series.common, reason) for reason in reasons}
        self._skipped = series.counter(
            "model_feedback_skipped_total", "Tokens sent without a label yet."
        ).labels(*series.common)
        self._delay = series.histogram(
            "model_feedback_delay_seconds", "Time from prediction to label.", DELAY_BUCKETS
        )()

    def reject(self, reason: str) -> None:
        """Count a rejected label."""
        self._rejected[reason].inc()

    def skip(self, count: int) -> None:
        """Count tokens without a label."""
        if count:
            self._skipped.inc(count)


class FeedbackMetrics(LabelRequests):
    """The metrics of labels for one package version in this process."""

    def __init__(
        self, series: Series, slices: Sequence[str], classes: Sequence[Any] | None
    ) -> None:
        """Create every series at 0; ``classes``: None for a regression."""
        self._slices = tuple(slices)
        self._regression = classes is None
        self._common = series.common
        outcomes = (SCORED,) if classes is None else OUTCOMES
        counter = series.counter("model_feedback_total", "Labels counted.", "slice", "outcome")
        self._outcomes = [
            {outcome: counter.labels(*self._common, label(name), outcome) for outcome in outcomes}
            for name in slices
        ]
        other = (self._common[0], OTHER_VERSION, ALL)
        self._other_version = {outcome: counter.labels(*other, outcome) for outcome in outcomes}
        super().__init__(series, (*REJECTIONS, NOT_A_NUMBER if classes is None else NOT_A_CLASS))
        self._confusion: dict[tuple[int, str, str], Counter] = {}
        if classes is None:
            self._errors(series)
        else:
            self._confusions(series, classes)

    def add(self, outcomes: Iterable[ScoredLabel]) -> None:
        """Count labels; on return they are in the counter file."""
        sums: dict[Counter, float] = {}
        for outcome in outcomes:
            self._delay.observe(outcome.delay)
            for counter, amount in self._touched(outcome):
                sums[counter] = sums.get(counter, 0.0) + amount
        for counter, amount in sums.items():
            counter.inc(amount)
        self._delay.flush()

    def _touched(self, outcome: ScoredLabel) -> Iterator[tuple[Counter, float]]:
        name = SCORED if outcome.correct is None else OUTCOMES[not outcome.correct]
        if not outcome.own_version:
            yield self._other_version[name], 1
            return
        for index in set_bits(outcome.bitmap):
            yield self._outcomes[index][name], 1
            if self._regression:
                yield from self._error_amounts(index, outcome.error)
            else:
                yield from self._confused(index, outcome)

    def _errors(self, series: Series) -> None:
        """Create the sums of errors: counters, so that replicas can be summed; hence ``_total``.

        The unit is that of the target, and its square. The absolute error has the label
        ``direction``: the sum over directions divided by the number of labels is the mean absolute
        error, their difference divided by that number is the bias.
        """
        absolute = series.counter(
            "model_feedback_absolute_error_total",
            "Sum of absolute errors, by whether predictions were over or under the label.",
            "slice",
            "direction",
        )
        squared = series.counter(
            "model_feedback_squared_error_total", "Sum of squared errors.", "slice"
        )
        self._error_sums = [
            (
                absolute.labels(*self._common, label(name), "over"),
                absolute.labels(*self._common, label(name), "under"),
                squared.labels(*self._common, label(name)),
            )
            for name in self._slices
        ]

    def _error_amounts(self, index: int, error: float) -> Iterator[tuple[Counter, float]]:
        over, under, squared = self._error_sums[index]
        yield (over if error > 0 else under), bounded(abs(error))
        yield squared, bounded(error * error)

    def _confusions(self, series: Series, classes: Sequence[Any]) -> None:
        """Create predicted-by-actual counters: in every slice for two classes, else overall only.

        With more than ten classes the last ones are ``other``; so is a prediction outside the
        classes.
        """
        counter = series.counter(
            "model_feedback_confusion_total", "Labels counted.", "slice", "predicted", "actual"
        )
        texts = [label(class_) for class_ in classes]
        self._shown = frozenset(
            texts if len(texts) <= MAX_CONFUSION else texts[: MAX_CONFUSION - 1]
        )
        shown = [text for text in texts if text in self._shown]
        rest = [OTHER] if len(shown) < len(texts) else []
        self._in_slices = len(self._slices) if len(texts) == 2 else 1
        cells = [
            (index, predicted, actual)
            for index in range(self._in_slices)
            for predicted in [*shown, *rest]
            for actual in [*shown, *rest]
        ]
        for index, predicted, actual in [*cells, (0, OTHER, OTHER)]:
            values = label(self._slices[index]), predicted, actual
            self._confusion[index, predicted, actual] = counter.labels(*self._common, *values)

    def _confused(self, index: int, outcome: ScoredLabel) -> Iterator[tuple[Counter, float]]:
        if index >= self._in_slices:
            return
        predicted, actual = label(outcome.predicted), label(outcome.actual)
        key = (
            index,
            predicted if predicted in self._shown else OTHER,
            actual if actual in self._shown else OTHER,
        )
        if key in self._confusion:
            yield self._confusion[key], 1
        elif index == 0:  # a prediction outside the model's classes
            yield self._confusion[0, OTHER, OTHER], 1
