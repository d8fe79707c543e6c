"""The cells of what a rule derives from a column: numbers, categories, words, parts of times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitoring.derived.measures import CATEGORIES, as_values, measured
from monitoring.derived.texts import words
from monitoring.slices.calendar import CALENDAR, calendar_values
from monitoring.slices.clock import Clock

WORDS = "words"
"""The words of a text, for ``"refund" in note.words``."""
DERIVED_TEXT = CATEGORIES | {"weekday"}
"""The measures that are text; the others are numbers, but for ``WORDS``."""


def derived_cells(values: Sequence[Any], measure: str, clock: Clock | None) -> list[Any]:
    """The measure of each value, None for null; ``clock``: of a column of times.

    Raises ``ValueError`` if the values have no such measure.
    """
    if measure == WORDS:
        return [frozenset(words(text)) if isinstance(text, str) else None for text in values]
    if measure in CALENDAR:
        if clock is None and all(value is None for value in values):
            return [None] * len(values)
        if clock is None:
            raise ValueError(f"expected times for {measure!r}, got others")
        return calendar_values(values, measure, clock)
    return as_values(measured(values, measure))
