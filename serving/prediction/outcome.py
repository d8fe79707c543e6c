"""Predictions for rows, and the rows that still need one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.model.model import Predictions


@dataclass(slots=True)
class PartialPrediction:
    """Predictions for n rows, and the rows that still need one."""

    labels: list[Any]
    probabilities: Sequence[Sequence[float]] | npt.NDArray[np.float64] | None
    outside: Sequence[int]
    """Rows outside the compiled form's domain, whose predictions are invalid."""
    native: int = 0
    """Rows that the native model answered."""
    more: list[dict[str, Any]] | None = None
    """Further entries of each row's answer."""
    absent: Mapping[str, Sequence[int]] | None = None
    """Member of a solution → the rows for which it gave no answer; a solution has no compiled
    form, so they are the native model's."""

    def completed(self, native: Predictions) -> PartialPrediction:
        """The outcome with the native model's predictions for ``outside``."""
        if len(self.outside) == len(self.labels):
            return PartialPrediction(
                native.labels,
                native.probabilities,
                (),
                len(self.outside),
                native.more,
                native.absent,
            )
        labels = list(self.labels)
        for row, label in zip(self.outside, native.labels, strict=True):
            labels[row] = label
        if self.probabilities is None or native.probabilities is None:
            more = None
            if self.more is not None and native.more is not None:
                more = list(self.more)
                for row, entry in zip(self.outside, native.more, strict=True):
                    more[row] = entry
            return PartialPrediction(labels, None, (), len(self.outside), more)
        probabilities = np.array(self.probabilities)
        probabilities[list(self.outside)] = native.probabilities
        return PartialPrediction(labels, probabilities, (), len(self.outside))
