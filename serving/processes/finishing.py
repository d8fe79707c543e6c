"""The end of a server: what finishes after the workers, such as a last push of metrics."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence

from serving.processes.child import Child
from serving.processes.signals import Signals

WAIT_SECONDS = 0.2


def let_finish(children: Sequence[Child], reap: Callable[[], None], signals: Signals) -> None:
    """Ask ``children`` to end, and wait for each at most its own ``end_seconds``.

    ``reap`` notes which have ended. Those that have no such time are left alone.
    """
    last = {child: time.monotonic() + child.end_seconds for child in children if child.end_seconds}
    for child in last:
        child.send(signal.SIGTERM)
    while any(child.process and time.monotonic() < until for child, until in last.items()):
        signals.wait(WAIT_SECONDS)
        reap()
