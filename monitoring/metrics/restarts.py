"""Counts restarts of a server's processes, in the supervisor.

The supervisor writes counter files of its own, which a scrape adds to those of the workers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from monitoring.exposition.worker_files import CounterFile

Kind = Literal["worker", "process"]
RESTARTS: Mapping[Kind, tuple[str, str]] = {
    "worker": ("model_worker_restarts", "Workers that ended and were started again."),
    "process": ("model_process_restarts", "Model processes that ended and were started again."),
}
"""Kind of process (``process``: it runs the model) → metric without its suffix, and its help."""
REASONS = ("memory", "signal", "exit", "hang")
PROCESSES = "model_processes"
STATES = ("ready", "loading", "ended", "idle")
"""Of model processes: ``ended``: waits to be started again, ``idle``: not needed so far."""
_STATES_HELP = "Model processes by state."


class RestartCounts:
    """``model_worker_restarts_total`` and ``model_process_restarts_total``, by reason.

    Also the gauge ``model_processes``, by state.
    """

    def __init__(self, folder: Path, model: str, version: str):
        """Create the counters at 0, in ``folder``."""
        common = {"model": _label(model), "version": _label(version)}
        self._file = CounterFile(str(folder / "counter_supervisor.db"))
        self._gauges = CounterFile(str(folder / "gauge_max_supervisor.db"))
        self._keys: dict[tuple[Kind, str], str] = {}
        for kind, (name, text) in RESTARTS.items():
            for reason in REASONS:
                labels = {**common, "reason": reason}
                self._keys[kind, reason] = key = _key(name, f"{name}_total", labels, text)
                self._file.read_value(key)
        self._states = {
            state: _key(PROCESSES, PROCESSES, {**common, "state": state}, _STATES_HELP)
            for state in STATES
        }
        self.set_states({})

    def add(self, reason: str, kind: Kind = "worker") -> None:
        """Add one restart, with one of ``REASONS``."""
        key = self._keys[kind, reason]
        value, _ = self._file.read_value(key)
        self._file.write_value(key, value + 1, 0.0)

    def total(self, kind: Kind = "worker") -> int:
        """Restarts for any reason."""
        keys = (self._keys[kind, reason] for reason in REASONS)
        return int(sum(self._file.read_value(key)[0] for key in keys))

    def set_states(self, counts: Mapping[str, int]) -> None:
        """Set how many model processes are in each of ``STATES``; absent: none."""
        for state, key in self._states.items():
            self._gauges.write_value(key, float(counts.get(state, 0)), 0.0)

    def repair(self) -> None:
        """Recreate the files if they were deleted."""
        self._file.repair()
        self._gauges.repair()


def _key(metric: str, name: str, labels: Mapping[str, str], text: str) -> str:
    """The key as prometheus_client writes it: family, line, labels and help."""
    return json.dumps([metric, name, dict(labels), text], sort_keys=True)


def _label(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
