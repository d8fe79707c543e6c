"""Label values of the metrics of a shadow, for the server and for what reads its counters."""

from __future__ import annotations

from typing import Literal

RowOutcome = Literal["same", "other", "incomparable", "failed", "dropped"]
ROW_OUTCOMES: tuple[RowOutcome, ...] = ("same", "other", "incomparable", "failed", "dropped")
PAIR_OUTCOMES = ("correct", "wrong")
BETTER, WORSE = "challenger_better", "challenger_worse"
"""Directions: who has the smaller absolute error."""
