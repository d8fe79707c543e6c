"""When a worker counts as hung: its event loop stands still, or its model never comes back.

What counts is time in which the supervising process itself ran, so a machine or container that was
paused has no hung workers when it goes on.
"""

from __future__ import annotations

from serving.http.worker_table import Pulse

MAX_STEP_SECONDS = 2.0
"""Of the time between two looks: beyond, this process stood still too."""


class Watchdog:
    """Looks at one worker."""

    def __init__(self, hang_seconds: float, deadline_seconds: float) -> None:
        """``deadline_seconds``: after which nobody waits for the model's answer any more."""
        self._hang = hang_seconds
        self._deadline = deadline_seconds
        self._beat = self._busy = 0
        self._stood = self._at_it = 0.0

    @property
    def loop_runs(self) -> bool:
        """Whether the event loop ran at the last look."""
        return not self._stood

    def check(self, pulse: Pulse, seconds: float) -> str | None:
        """What makes the worker hung, if it is; ``seconds`` since the last look.

        A worker whose event loop has not begun is loading its model, and may take its time.
        """
        seconds = min(seconds, MAX_STEP_SECONDS)
        self._stood = self._stood + seconds if pulse.beat and pulse.beat == self._beat else 0.0
        same = pulse.busy_since and pulse.busy_since == self._busy
        self._at_it = self._at_it + seconds if same else 0.0
        self._beat, self._busy = pulse.beat, pulse.busy_since
        if self._stood >= self._hang:
            return f"its event loop stood still for {self._hang:g} s"
        if self._at_it >= self._deadline + self._hang:
            return (
                f"its model did not come back for {self._hang:g} s after the deadline of"
                f" {self._deadline:g} s"
            )
        return None
