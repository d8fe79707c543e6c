"""Counts restarts of workers, in the supervisor.

The supervisor writes a counter file of its own, which a scrape adds to those of the workers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from monitoring.exposition.worker_files import CounterFile

NAME = "model_worker_restarts"
TEXT = "Workers that ended and were started again."
REASONS = ("memory", "signal", "exit", "hang")


class RestartCounts:
    """The counter ``model_worker_restarts_total``, by reason."""

    def __init__(self, folder: Path, model: str, version: str, reasons: Sequence[str] = REASONS):
        """Create the counters at 0, in ``folder``."""
        self._file = CounterFile(str(folder / "counter_supervisor.db"))
        self._keys = {reason: _key(model, version, reason) for reason in reasons}
        for key in self._keys.values():
            self._file.read_value(key)

    def add(self, reason: str) -> None:
        """Add one restart, with one of ``REASONS``."""
        key = self._keys[reason]
        value, _ = self._file.read_value(key)
        self._file.write_value(key, value + 1, 0.0)

    def total(self) -> int:
        """Restarts for any reason."""
        return int(sum(self._file.read_value(key)[0] for key in self._keys.values()))

    def repair(self) -> None:
        """Recreate the file if it was deleted."""
        self._file.repair()


def _key(model: str, version: str, reason: str) -> str:
    """The key as prometheus_client writes it: family, line, labels and help."""
    labels = {"model": _label(model), "version": _label(version), "reason": reason}
    return json.dumps([NAME, f"{NAME}_total", labels, TEXT], sort_keys=True)


def _label(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
