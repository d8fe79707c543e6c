"""Records answered rows: buffers them, aggregates them, and writes them a few times a second.

Updating a counter in a shared file takes a microsecond, and each row updates dozens; aggregated
column by column, a row takes as long as one update. Rows that were not flushed are lost with the
process.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitoring.column_arrays import ColumnArrays, joined
from monitoring.feedback.tokens import Bitmaps, Chances
from monitoring.metrics.answer_counts import AnswerCounts
from monitoring.metrics.bin_counts import BinCounts
from monitoring.metrics.derived_columns import size_of
from monitoring.metrics.prediction_counts import PredictionCounts
from monitoring.metrics.serving import FLAGS, ServingMetrics
from monitoring.profile.profile import Profile, is_of_column
from monitoring.slices.clock import Clock

FLUSH_SECONDS = 0.25
"""Seconds between flushes; a kill may lose the rows of this time."""
MAX_PENDING_ROWS = 2_000
"""Rows buffered before they are aggregated, which takes about three milliseconds. A row is a list
of numbers, and of strings that all rows share."""
MAX_PENDING_ELEMENTS = 4_000_000
"""Elements of arrays, bytes and characters in the columns with derived numbers that are buffered:
rows of images would fill the memory."""
MIN_DIRECT_ROWS = 32
"""From this number on, the rows of one request are aggregated without buffering."""


@dataclass(slots=True)
class Batch:
    """The rows of one answered request; n of them."""

    columns: Sequence[Sequence[Any]]
    """One sequence of n plain values per column, None for null; features, then extras."""
    labels: Sequence[Any]
    """n predictions, of a model with ``[outputs]`` any JSON; None for no prediction."""
    probabilities: Chances | None
    """n by classes."""
    bitmaps: Bitmaps
    """The slices of each row."""
    flags: Sequence[Sequence[str]]
    """The flags of each row, ``feature:reason``."""
    anomalies: Mapping[tuple[str, str], int]
    """(feature, kind) → values."""
    tokens: Sequence[str] | None = None
    """One per row; None if feedback is off."""
    compiled: int = 0
    """Rows that the compiled form answered; the native model answered the others."""
    row: Sequence[Any] | None = None
    """The values of a single row, which ``columns`` holds too; None for several rows."""
    arrays: ColumnArrays | None = None
    """The values of several rows as arrays, if they are at hand."""
    defaulted: Mapping[str, int] | None = None
    """Feature → rows that left it out and got its default."""

    def parts(self, most: int) -> Iterator[Batch]:
        """The same rows in parts of at most ``most`` rows."""
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
                defaulted=None if start else self.defaulted,
                tokens=None if self.tokens is None else self.tokens[some],
                arrays=None if self.arrays is None else self.arrays.at(some),
                compiled=answered,
            )


class _Answers:
    """Answers that are still to be counted."""

    __slots__ = ("bitmaps", "chances", "labels")

    def __init__(self) -> None:
        self.labels: list[Any] = []
        self.chances: list[Any] = []
        """A sequence for each row, or an array for each request."""
        self.bitmaps: list[Any] = []
        """A number for each row, or an array for each request."""

    def clear(self) -> None:
        self.labels.clear()
        self.chances.clear()
        self.bitmaps.clear()


class MetricsRecorder:
    """Records the answers of one worker; not thread-safe."""

    def __init__(
        self,
        columns: Sequence[str],
        profile: Profile | None,
        metrics: ServingMetrics,
        clocks: Mapping[str, Clock] | None = None,
    ) -> None:
        """``columns``: names of a batch's columns; ``clocks``: units of datetime columns."""
        self.profile = profile
        self._metrics = metrics
        features = [
            (columns.index(feature.column), feature)
            for feature in (profile.features if profile else ())
            if is_of_column(feature.name)
        ]
        self._bins = BinCounts(features, clocks or {})
        self._sized = tuple({at for at, feature in features if feature.measure is not None})
        self._answers = PredictionCounts(profile, metrics.classes)
        self._structured = AnswerCounts(profile, metrics.outputs) if metrics.outputs else None
        excluded = profile.drift_excluded if profile else {}
        self._expected = frozenset(
            f"{name}:{reason}"
            for name, why in excluded.items()
            for reason in FLAGS
            if not why.counts(reason)
        )
        self._kept: list[Sequence[Any]] = []
        self._arrays: list[ColumnArrays] = []
        self._elements = 0
        self._sure, self._unsure, self._blocks = _Answers(), _Answers(), _Answers()
        self._clear()

    def observe(self, batch: Batch) -> None:
        """Count the rows of an answered request."""
        rows = len(batch.labels)
        self._compiled += batch.compiled
        self._pending += rows
        chances, bitmaps = batch.probabilities, batch.bitmaps
        if self._structured is not None:
            self._structured.add(batch.labels, bitmaps)  # not buffered: answers may be large
        elif isinstance(chances, np.ndarray) and isinstance(bitmaps, np.ndarray):
            self._blocks.labels += batch.labels
            self._blocks.chances.append(chances)
            self._blocks.bitmaps.append(bitmaps)
        else:
            answers = self._unsure if chances is None else self._sure
            answers.labels += batch.labels
            answers.bitmaps += bitmaps.tolist() if isinstance(bitmaps, np.ndarray) else bitmaps
            if chances is not None:
                answers.chances += chances.tolist() if isinstance(chances, np.ndarray) else chances
        if batch.row is not None:
            self._kept.append(batch.row)
        elif batch.arrays is not None and self._bins.takes(batch.arrays.layout):
            self._arrays.append(batch.arrays)
        elif rows < MIN_DIRECT_ROWS:
            self._kept += zip(*batch.columns, strict=True)
        else:
            self._bins.add(batch.columns)
        if self._sized and rows < MIN_DIRECT_ROWS:
            self._elements += sum(size_of(v) for at in self._sized for v in batch.columns[at])
        if self._pending >= MAX_PENDING_ROWS or self._elements > MAX_PENDING_ELEMENTS:
            self._count()
        if batch.anomalies:
            self._anomalies.update(batch.anomalies)
        if batch.defaulted:
            self._defaulted.update(batch.defaulted)
        if any(batch.flags):
            self._add_flags(self.unexpected_flags(batch.flags))

    def unexpected_flags(self, flags: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """The flags of each row without expected ones: a timestamp is always out of range."""
        if not self._expected:
            return flags
        return [[flag for flag in own if flag not in self._expected] for own in flags]

    def record_invalid(self, column: str | None) -> None:
        """Count a request that was refused for a value of this column."""
        if column is not None:
            self._anomalies[column, "invalid"] += 1

    def flush(self) -> None:
        """Add everything recorded since the last flush to the counters."""
        self._count()
        metrics = self._metrics
        for name, counts in self._bins.drain():
            metrics.add_bins(name, counts)
        (self._structured or self._answers).write(metrics)
        metrics.add_forms(self._compiled, self._rows - self._compiled)
        metrics.add_anomalies(self._anomalies)
        metrics.add_defaults(self._defaulted)
        metrics.add_flagged(self._flagged)
        metrics.flush()
        self._clear()

    def _clear(self) -> None:
        self._rows = self._compiled = self._pending = 0
        self._anomalies: Tally[tuple[str, str]] = Tally()
        self._flagged: Tally[str] = Tally()
        self._defaulted: Tally[str] = Tally()

    def _count(self) -> None:
        """Aggregate the buffered rows."""
        if self._kept:
            self._bins.add(list(zip(*self._kept, strict=True)))
            self._kept.clear()
            self._elements = 0
        if self._arrays:
            self._bins.add_arrays(joined(self._arrays))
            self._arrays.clear()
        self._rows += self._pending
        self._pending = 0
        sure, unsure, blocks = self._sure, self._unsure, self._blocks
        if sure.labels:
            self._answers.add(sure.labels, sure.chances, sure.bitmaps)
            sure.clear()
        if unsure.labels:
            self._answers.add(unsure.labels, None, unsure.bitmaps)
            unsure.clear()
        if blocks.labels:
            chances, bitmaps = np.concatenate(blocks.chances), np.concatenate(blocks.bitmaps)
            self._answers.add(blocks.labels, chances, bitmaps)
            blocks.clear()

    def _add_flags(self, flags: Iterable[Sequence[str]]) -> None:
        for own in flags:
            if own:
                self._flagged.update({flag.rpartition(":")[2] for flag in own})
