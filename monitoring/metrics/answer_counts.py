"""Counts structured answers: by the bins of each output, and by slice."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.feedback.tokens import Bitmaps
from monitoring.metrics.bin_counts import BinCounts
from monitoring.metrics.serving import ANSWER, ServingMetrics
from monitoring.profile.answers import answer_columns, values_of
from monitoring.profile.profile import Profile
from monitoring.scoring.outputs import LabelledOutput


class AnswerCounts:
    """Answers of one worker since the counters were last written."""

    def __init__(self, profile: Profile | None, outputs: Sequence[LabelledOutput]) -> None:
        self._outputs = outputs
        known = {feature.name: feature for feature in profile.features} if profile else {}
        self._columns = [column for column in answer_columns(outputs) if column.name in known]
        self._bins = BinCounts([(at, known[one.name]) for at, one in enumerate(self._columns)], {})
        self._clear()

    def add(self, answers: Sequence[Any], bitmaps: Bitmaps) -> None:
        """Count n answers; None for no answer."""
        missing = sum(answer is None for answer in answers)
        self._predicted[None] += missing
        self._predicted[ANSWER] += len(answers) - missing
        self._bins.add(values_of(self._columns, self._outputs, answers))
        kinds, rows = np.unique(np.asarray(bitmaps, np.int64), return_counts=True)
        self._slices.update(dict(zip(kinds.tolist(), rows.tolist(), strict=True)))

    def write(self, metrics: ServingMetrics) -> None:
        """Add what was counted to the metrics, and reset."""
        for name, counts in self._bins.drain():
            metrics.add_bins(name, counts)
        metrics.add_predictions(self._predicted)
        metrics.add_slices((bitmap, rows, 0, 0.0) for bitmap, rows in self._slices.items())
        self._clear()

    def _clear(self) -> None:
        self._predicted: Tally[Any] = Tally()
        self._slices: Tally[int] = Tally()
