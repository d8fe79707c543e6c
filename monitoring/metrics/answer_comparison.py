"""Compares the answers of two models to a row, as a shadow and an update do: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.metrics.class_labels import class_text
from monitoring.metrics.shadow_labels import RowOutcome

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Numbers that differ less are the same: other orders of addition give such differences."""


@dataclass(frozen=True, slots=True)
class AnswerComparison:
    """The result for one row."""

    outcome: RowOutcome
    difference: float | None = None
    """The largest difference of a probability, or relative difference of a number; None if there
    are no numbers to compare."""


@dataclass(frozen=True)
class RowComparison:
    """Compares the rows of one model."""

    classes: Sequence[Any] | None
    """Of a classifier, in the order of its probabilities; None for any other model."""

    def of(
        self, label: Any, probabilities: Sequence[float] | None, answer: Mapping[str, Any]
    ) -> AnswerComparison:
        """Compare champion's prediction with ``answer``, one entry of ``predictions``."""
        theirs = answer.get("prediction")
        if self.classes is None:
            return compare_values(label, theirs)
        difference = self._of_probabilities(probabilities, answer.get("probabilities"))
        if label is None or theirs is None:
            return AnswerComparison("same" if label is theirs else "other", difference)
        if _kind(label) != _kind(theirs):
            return AnswerComparison("incomparable", difference)
        return AnswerComparison("same" if label == theirs else "other", difference)

    def own_class(self, answer: Any) -> Any:
        """Champion's class that equals the challenger's prediction, else that prediction."""
        return next(
            (
                class_
                for class_ in self.classes or ()
                if _kind(class_) == _kind(answer) and class_ == answer
            ),
            answer,
        )

    def _of_probabilities(self, ours: Sequence[float] | None, theirs: Any) -> float | None:
        if ours is None or not isinstance(theirs, Mapping):
            return None
        named = dict(zip(map(class_text, self.classes or ()), ours, strict=False))
        return _largest_gap(named, theirs)


def compare_answers(ours: Any, theirs: Any) -> AnswerComparison:
    """Compare two entries of ``predictions``, both as JSON.

    ``difference`` is of the probabilities where both have them, else of the predictions.
    """
    if not isinstance(ours, Mapping) or not isinstance(theirs, Mapping):
        return compare_values(ours, theirs)
    comparison = compare_values(ours.get("prediction"), theirs.get("prediction"))
    old, new = ours.get("probabilities"), theirs.get("probabilities")
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return comparison
    return AnswerComparison(comparison.outcome, _largest_gap(old, new))


def _largest_gap(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float | None:
    """The largest difference of a class's probability; a class that one lacks has none there."""
    pairs = [(ours.get(name, 0.0), theirs.get(name, 0.0)) for name in ours.keys() | theirs.keys()]
    if not pairs or not all(_is_finite(one) for pair in pairs for one in pair):
        return None
    return float(max(abs(one - other) for one, other in pairs))


def compare_values(ours: Any, theirs: Any) -> AnswerComparison:
    """Compare two JSON values: numbers within the tolerance, everything else exactly.

    Values of different forms (a number and a text, objects with different names) are incomparable.
    """
    gaps: list[float] = []
    outcome = _compared(ours, theirs, gaps)
    return AnswerComparison(outcome, max(gaps, default=None))


def _compared(ours: Any, theirs: Any, gaps: list[float]) -> RowOutcome:
    if ours is None or theirs is None:
        return "same" if ours is theirs else "other"
    if _kind(ours) != _kind(theirs):
        return "incomparable"
    if _kind(ours) == "number":
        if not _is_finite(ours) or not _is_finite(theirs):  # such as a whole number beyond 1e308
            return "same" if ours == theirs else "other"
        gaps.append(relative_difference(float(ours), float(theirs)))
        near = math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        return "same" if near else "other"
    if isinstance(ours, dict):
        if ours.keys() != theirs.keys():
            return "incomparable"
        return _worst([_compared(value, theirs[key], gaps) for key, value in ours.items()])
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return "other"
        return _worst([_compared(*pair, gaps) for pair in zip(ours, theirs, strict=True)])
    return "same" if ours == theirs else "other"


def relative_difference(one: float, other: float) -> float:
    """The difference over the larger size: from 0 to 2; 0 for two zeros."""
    size = max(abs(one), abs(other))
    return 0.0 if size == 0 else abs(one / size - other / size)


def _worst(outcomes: Sequence[RowOutcome]) -> RowOutcome:
    return next((one for one in ("incomparable", "other") if one in outcomes), "same")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def _is_finite(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except (TypeError, OverflowError):
        return False
