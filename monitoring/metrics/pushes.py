"""Counts the pushes of metrics, in the process that pushes them."""

from __future__ import annotations

from typing import Literal, get_args

from monitoring.metrics.registry import Series

PushOutcome = Literal["sent", "partial", "refused", "failed"]
"""``partial``: the receiver refused some of the samples; ``refused``: all of them, for good;
``failed``: it could not be reached, or asked to try again later."""


class PushCounts:
    """``model_metrics_pushes_total``, by outcome, and the time of the last that was taken."""

    def __init__(self, series: Series) -> None:
        """Create the counters at 0."""
        counter = series.counter(
            "model_metrics_pushes_total",
            "Pushes of these metrics, by what became of them.",
            "outcome",
        )
        self._counters = {
            outcome: counter.labels(*series.common, outcome) for outcome in get_args(PushOutcome)
        }
        self._last = series.gauge(
            "model_metrics_push_last_success_timestamp_seconds",
            "When a receiver last took a push, in seconds since 1970; 0 before the first.",
        )
        self._last(0)

    def add(self, outcome: PushOutcome, now: float) -> None:
        """Count a push that ended at ``now``, in seconds since 1970."""
        self._counters[outcome].inc()
        if outcome in ("sent", "partial"):
            self._last(now)
