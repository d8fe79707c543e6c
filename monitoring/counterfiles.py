"""A name for each worker's counter files that outlives the worker.

Counters named by process id pile up with every restart, and may not be deleted: that would take
their counts out of the sums. So a worker claims the first free number by a lock, which the kernel
gives back however the worker ends; the next one to claim it goes on counting in the same files.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

MOST = 1_024


@dataclass(frozen=True)
class Claim:
    """A worker's number; held as long as ``descriptor`` is open."""

    name: str
    """As in ``counter_w0.db``; no process id looks like it."""
    descriptor: int


def claim(folder: Path) -> Claim:
    """Claim the first free number in ``folder``; raises ``OSError`` if that can't be written.

    Gauges of what is going on at the moment are those of the dead worker: their file goes.
    """
    for number in range(MOST):
        descriptor = os.open(folder / f"worker-{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        for path in folder.glob(f"gauge_live*_w{number}.db"):
            path.unlink()
        return Claim(f"w{number}", descriptor)
    raise OSError(f"{folder}: expected fewer than {MOST} workers")
