"""Answers of a member by the bins of its package's profile."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from modelhost.text import class_text

MIN_VECTOR_ROWS = 64
"""From this number of answers on, NumPy finds the bins of numbers faster."""


class PredictionBins(NamedTuple):
    """Bins of numbers, or of labels.

    Bin ``i`` of numbers holds ``edges[i-1] <= answer < edges[i]``. A label's bin is that of its
    text; labels without one are in the last bin, if ``size`` exceeds the other bins, else in none.
    """

    size: int
    edges: tuple[float, ...]
    labels: Mapping[str, int]
    """Text of a label → its bin; empty for numbers."""
    output: str | None
    """Of a member with several outputs: the one that is counted."""

    @classmethod
    def read(cls, encoded: Mapping[str, Any]) -> PredictionBins:
        """From the object that a server hands over."""
        labels = {str(text): int(index) for text, index in encoded["labels"].items()}
        return cls(int(encoded["size"]), tuple(encoded["edges"]), labels, encoded["output"])

    def as_json(self) -> dict[str, Any]:
        """For a file; ``PredictionBins.read`` is the inverse."""
        return self._asdict()

    def counts(self, answers: Sequence[Any]) -> list[int]:
        """Answers by bin; None, and a number of another kind, is in none."""
        counts = [0] * self.size
        if self.output is not None:
            answers = [None if one is None else one.get(self.output) for one in answers]
        if self.labels:
            rest = self.size - 1 if self.size > max(self.labels.values()) + 1 else None
            for answer in answers:
                index = None if answer is None else self.labels.get(class_text(answer), rest)
                if index is not None:
                    counts[index] += 1
            return counts
        numbers = [one for one in answers if isinstance(one, (int, float)) and one == one]
        if len(numbers) < MIN_VECTOR_ROWS:
            for number in numbers:
                counts[bisect_right(self.edges, number)] += 1
            return counts
        indices = np.searchsorted(np.asarray(self.edges), numbers, side="right")
        return list(np.bincount(indices, minlength=self.size).tolist())
