"""Counting answered rows: kept for a moment, added up together, written a few times a second.

A counter in a shared file costs a microsecond a touch, and there are dozens of them to a row;
counted column by column, a row costs as much as one of them. What was not flushed is lost with
the process.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitoring.metrics.bin_counts import BinCounts
from monitoring.metrics.prediction_counts import PredictionCounts
from monitoring.metrics.serving import FLAGS, Metrics
from monitoring.profile.profile import CONFIDENCE, PREDICTION, Profile
from monitoring.slices.clock import DatetimeUnit

FLUSH_SECONDS = 0.25
"""How often a server flushes: what a kill may lose."""
MAX_PENDING_ROWS = 2_000
"""Rows kept before they are counted, which takes some three milliseconds. A row is a list of
numbers, and of texts that all rows share."""
MIN_DIRECT_ROWS = 32
"""Rows of one request that are worth counting by themselves."""


@dataclass(slots=True)
class Batch:
    """The rows of one answered request; n of them."""

    columns: Sequence[Sequence[Any]]
    """Per column n plain values, None for null; features, then extras, in schema order."""
    labels: Sequence[Any]
    """n predictions; None where there is none."""
    probabilities: Sequence[Sequence[float]] | None
    """n by classes."""
    bitmaps: Sequence[int]
    """Per row the slices it is in."""
    flags: Sequence[Sequence[str]]
    """Per row, ``feature:reason``."""
    anomalies: Mapping[tuple[str, str], int]
    """(feature, kind) → values."""
    tokens: Sequence[str] | None = None
    """One a row; None where there is no feedback."""
    compiled: int = 0
    """Rows that the compiled form answered; the native model the others."""
    row: Sequence[Any] | None = None
    """The values of the only row, where there is one; ``columns`` has them too."""

    def parts(self, most: int) -> Iterator[Batch]:
        """The same rows, at most so many at a time."""
        compiled = self.compiled
        for start in range(0, len(self.labels), most):
            some = slice(start, start + most)
            answered = min(compiled, len(self.labels[some]))
            compiled -= answered
            yield replace(
                self,
                columns=[column[some] for column in self.columns],
                labels=self.labels[some],
                probabilities=None if self.probabilities is None else self.probabilities[some],
                bitmaps=self.bitmaps[some],
                flags=self.flags[some],
                anomalies={} if start else self.anomalies,
                tokens=None if self.tokens is None else self.tokens[some],
                compiled=answered,
            )


class MetricsRecorder:
    """Counts the answers of one worker; to be called from one thread."""

    def __init__(
        self,
        columns: Sequence[str],
        profile: Profile | None,
        metrics: Metrics,
        clocks: Mapping[str, DatetimeUnit] | None = None,
    ) -> None:
        """``columns``: names of a batch's columns; ``clocks``: of those that are datetimes."""
        self._metrics = metrics
        features = [
            (columns.index(feature.name), feature)
            for feature in (profile.features if profile else ())
            if feature.name not in (PREDICTION, CONFIDENCE)
        ]
        self._bins = BinCounts(features, clocks or {})
        self._answers = PredictionCounts(profile, metrics.classes)
        excluded = profile.drift_excluded if profile else {}
        self._expected = frozenset(
            f"{name}:{reason}"
            for name, why in excluded.items()
            for reason in FLAGS
            if not why.counts(reason)
        )
        self._kept: list[Sequence[Any]] = []
        self._labels: list[Any] = []
        self._chances: list[Sequence[float] | None] = []
        self._bitmaps: list[int] = []
        self._clear()

    def observe(self, batch: Batch) -> None:
        """Count the rows of an answered request."""
        rows = len(batch.labels)
        self._compiled += batch.compiled
        self._labels += batch.labels
        self._bitmaps += batch.bitmaps
        self._chances += (None,) * rows if batch.probabilities is None else batch.probabilities
        if batch.row is not None:
            self._kept.append(batch.row)
        elif rows < MIN_DIRECT_ROWS:
            self._kept += zip(*batch.columns, strict=True)
        else:
            self._bins.add(batch.columns)
        if len(self._labels) >= MAX_PENDING_ROWS:
            self._count()
        if batch.anomalies:
            self._anomalies.update(batch.anomalies)
        if any(batch.flags):
            self._add_flags(self.unexpected_flags(batch.flags))

    def unexpected_flags(self, flags: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Per row the flags that count: a timestamp is always later than those of the training."""
        if not self._expected:
            return flags
        return [[flag for flag in own if flag not in self._expected] for own in flags]

    def record_invalid(self, column: str | None) -> None:
        """A request was refused for a value of this column that can't be taken."""
        if column is not None:
            self._anomalies[column, "invalid"] += 1

    def flush(self) -> None:
        """Write everything counted since the last time to the counters."""
        self._count()
        metrics = self._metrics
        for name, counts in self._bins.drain():
            metrics.add_bins(name, counts)
        self._answers.write(metrics)
        metrics.add_forms(self._compiled, self._rows - self._compiled)
        metrics.add_anomalies(self._anomalies)
        metrics.add_flagged(self._flagged)
        metrics.flush()
        self._clear()

    def _clear(self) -> None:
        self._rows = self._compiled = 0
        self._anomalies: Tally[tuple[str, str]] = Tally()
        self._flagged: Tally[str] = Tally()

    def _count(self) -> None:
        """Add up what is kept."""
        if self._kept:
            self._bins.add(list(zip(*self._kept, strict=True)))
            self._kept.clear()
        if self._labels:
            self._rows += len(self._labels)
            self._answers.add(self._labels, self._chances, self._bitmaps)
            self._labels.clear()
            self._chances.clear()
            self._bitmaps.clear()

    def _add_flags(self, flags: Iterable[Sequence[str]]) -> None:
        for own in flags:
            if own:
                self._flagged.update({flag.rpartition(":")[2] for flag in own})
