"""The metrics of a shadow: a challenger's answers beside champion's, row by row and by label.

They are counters, so that replicas can be summed. At most ``MAX_SERIES`` series.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.metrics.amounts import bounded
from monitoring.metrics.feedback import ScoredLabel
from monitoring.metrics.registry import Counter, Series, label, set_bits
from monitoring.metrics.shadow_labels import (
    BETTER,
    PAIR_OUTCOMES,
    ROW_OUTCOMES,
    WORSE,
    RowOutcome,
)

DIFFERENCE_BUCKETS = (1e-6, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
MAX_SERIES = 100
MAX_SHADOW_SLICES = 16
"""Slices with pairs, of 4 series each; later slices of a package have none."""
MAX_CHALLENGERS = 4
"""Versions of the challenger that are named; further ones are ``OTHER_CHALLENGER``."""
OTHER_CHALLENGER = "other"


@dataclass(frozen=True, slots=True)
class PairedLabel:
    """A label of champion's prediction, and how the challenger's prediction for that row did."""

    champion: ScoredLabel
    challenger: str | None = None
    """The version of the challenger's package; None if none of its answers is kept."""
    correct: bool = False
    """Of a classifier: whether the challenger's prediction is the label."""
    error: float = 0.0
    """Of a regression: the challenger's prediction minus the label."""

    def only(self, fresh: Sequence[bool]) -> PairedLabel | None:
        """Itself if it is new, else None."""
        return self if fresh[0] else None


class ShadowRowMetrics:
    """The metrics of rows that were sent to the challenger."""

    def __init__(self, series: Series) -> None:
        """Create every series at 0."""
        counter = series.counter(
            "model_shadow_rows_total", "Sampled rows by what the challenger answered.", "outcome"
        )
        self._rows = {name: counter.labels(*series.common, name) for name in ROW_OUTCOMES}
        self._difference = series.histogram(
            "model_shadow_difference",
            "Largest difference of a row's probabilities, or relative difference of its numbers.",
            DIFFERENCE_BUCKETS,
        )()
        self.pauses = series.counter(
            "model_shadow_pauses_total", "Times that the circuit breaker opened."
        ).labels(*series.common)
        self.unkept = series.counter(
            "model_shadow_unkept_answers_total",
            "Answers of the challenger that were not kept for their labels.",
        ).labels(*series.common)

    def add(self, outcomes: Mapping[RowOutcome, int]) -> None:
        """Add rows by outcome."""
        for outcome, rows in outcomes.items():
            if rows:
                self._rows[outcome].inc(rows)

    def observe(self, differences: Iterable[float]) -> None:
        """Observe the difference of each row that has one."""
        for difference in differences:
            self._difference.observe(difference)
        self._difference.flush()


class ChallengerVersions:
    """``model_shadow_challenger_info``: which packages answered as challengers.

    A comparison of several is none: whoever reads the counters has to know.
    """

    def __init__(self, series: Series) -> None:
        self._set = series.gauge(
            "model_shadow_challenger_info", "Versions that answered as challenger.", "challenger"
        )
        self._seen: set[str] = set()

    def see(self, version: str) -> None:
        """Note that this version answered a row."""
        if version in self._seen:
            return
        if len(self._seen) >= MAX_CHALLENGERS - 1:
            version = OTHER_CHALLENGER
        self._seen.add(version)
        self._set(version, 1)


class ShadowPairMetrics:
    """Late labels of rows that champion and challenger both answered."""

    def __init__(
        self, series: Series, slices: Sequence[str], classes: Sequence[Any] | None
    ) -> None:
        """Create every series at 0; ``classes``: None for a regression."""
        self._common = series.common
        self._slices = tuple(slices)[:MAX_SHADOW_SLICES]
        self._versions = ChallengerVersions(series)
        self._unpaired = series.counter(
            "model_shadow_unpaired_labels_total",
            "Labels of rows without a kept answer of the challenger.",
        ).labels(*series.common)
        if classes is None:
            self._errors(series)
        else:
            self._table(series)

    def add(self, labels: Iterable[PairedLabel]) -> None:
        """Count labels; on return they are in the counter file."""
        sums: Tally[Counter] = Tally()
        for one in labels:
            if one.challenger is None:
                sums[self._unpaired] += 1
                continue
            self._versions.see(one.challenger)
            for index in set_bits(one.champion.bitmap):
                if index < len(self._slices):
                    for counter, amount in self._touched(index, one):
                        sums[counter] += amount  # type: ignore[assignment]
        for counter, amount in sums.items():
            counter.inc(amount)

    def _table(self, series: Series) -> None:
        """The four-fold table of McNemar's test, by slice."""
        counter = series.counter(
            "model_shadow_pairs_total", "Labelled rows.", "slice", "champion", "challenger"
        )
        self._pairs = [
            {
                (ours, theirs): counter.labels(
                    *self._common, label(name), PAIR_OUTCOMES[not ours], PAIR_OUTCOMES[not theirs]
                )
                for ours in (True, False)
                for theirs in (True, False)
            }
            for name in self._slices
        ]

    def _errors(self, series: Series) -> None:
        """Sums of champion's absolute error minus the challenger's; the unit is the target's."""
        rows = series.counter("model_shadow_paired_labels_total", "Labelled rows.", "slice")
        total = series.counter(
            "model_shadow_error_difference_total",
            "Sum of differences of absolute errors, by who has the larger one.",
            "slice",
            "direction",
        )
        squares = series.counter(
            "model_shadow_error_difference_squared_total", "Sum of their squares.", "slice"
        )
        common = self._common
        self._sums = [
            (
                rows.labels(*common, label(name)),
                total.labels(*common, label(name), BETTER),
                total.labels(*common, label(name), WORSE),
                squares.labels(*common, label(name)),
            )
            for name in self._slices
        ]

    def _touched(self, index: int, one: PairedLabel) -> list[tuple[Counter, float]]:
        if one.champion.correct is not None:
            return [(self._pairs[index][one.champion.correct, one.correct], 1)]
        rows, better, worse, squares = self._sums[index]
        gain = bounded(abs(one.champion.error)) - bounded(abs(one.error))
        directed = (better if gain > 0 else worse), abs(gain)
        return [(rows, 1), directed, (squares, bounded(gain * gain))]


class PairedFeedbackMetrics:
    """Counts labels, then the pairs in them; takes the place of the metrics of labels."""

    def __init__(self, labels: Any, pairs: ShadowPairMetrics) -> None:
        """``labels``: a ``FeedbackMetrics``."""
        self._labels = labels
        self._pairs = pairs

    def add(self, outcomes: Iterable[PairedLabel]) -> None:
        """Count labels and pairs."""
        labels = list(outcomes)
        self._labels.add(one.champion for one in labels)
        self._pairs.add(one for one in labels if one.champion.own_version)

    def reject(self, reason: str) -> None:
        """Count a rejected label."""
        self._labels.reject(reason)

    def skip(self, count: int) -> None:
        """Count tokens without a label."""
        self._labels.skip(count)
