"""Detects a hung process: its event loop is blocked, or its model call or answer never comes.

Only time in which the supervisor itself ran counts, so no worker counts as hung after the machine
or container was paused.
"""

from __future__ import annotations

from serving.http.worker_table import Heartbeat

MAX_STEP_SECONDS = 2.0
"""The most time counted between two checks: beyond, this process was paused too."""


class Watchdog:
    """Checks one worker."""

    def __init__(self, hang_seconds: float, deadline_seconds: float) -> None:
        """``deadline_seconds``: the time after which no client waits for the model's answer."""
        self._hang = hang_seconds
        self._deadline = deadline_seconds
        self._beat = self._busy = self._owed = 0
        self._stood = self._at_it = self._owing = 0.0

    @property
    def loop_runs(self) -> bool:
        """Whether the event loop ran at the last check."""
        return not self._stood

    def check(self, heartbeat: Heartbeat, seconds: float) -> str | None:
        """Why the worker is hung; None if it isn't. ``seconds``: time since the last check.

        A worker whose event loop hasn't started is loading its model, which has no time limit.
        """
        seconds = min(seconds, MAX_STEP_SECONDS)
        self._stood = (
            self._stood + seconds if heartbeat.beat and heartbeat.beat == self._beat else 0.0
        )
        same = heartbeat.busy_since and heartbeat.busy_since == self._busy
        self._at_it = self._at_it + seconds if same else 0.0
        same = heartbeat.owed and heartbeat.owed == self._owed
        self._owing = self._owing + seconds if same else 0.0
        self._beat, self._busy, self._owed = heartbeat.beat, heartbeat.busy_since, heartbeat.owed
        if self._stood >= self._hang:
            return f"its event loop was blocked for {self._hang:g} s"
        if self._at_it >= self._deadline + self._hang:
            return (
                f"its model call did not return within {self._hang:g} s after the deadline of"
                f" {self._deadline:g} s"
            )
        if self._owing >= self._hang:
            return (
                f"it left a request without an answer for {self._hang:g} s after the deadline of"
                f" {self._deadline:g} s"
            )
        return None
