"""What finishes after the workers gets its time, and no more."""

from __future__ import annotations

import os
import sys
import time

import pytest

from serving.processes.child import Child
from serving.processes.finishing import let_finish
from serving.processes.signals import Signals

ENDS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready", flush=True)
while True:  # a signal right before one long sleep would not end it
    time.sleep(0.01)
"""
STAYS = ENDS.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")


@pytest.mark.parametrize(("script", "least", "most"), [(ENDS, 0, 50), (STAYS, 1, 50)])
def test_a_child_is_waited_for_in_bounded_time(script: str, least: float, most: float) -> None:
    reading, writing = os.pipe()
    child = Child("it", [sys.executable, "-c", script], os.environ, outputs=(writing, 2))
    child.end_seconds = 1.0 if script is STAYS else 60.0
    child.process = child.start()
    os.read(reading, 5)

    def reap() -> None:
        if os.waitpid(child.process, os.WNOHANG)[0]:
            child.process = 0

    began = time.monotonic()
    with Signals() as signals:
        let_finish([child, Child("killed later", process=0)], reap, signals)
    assert least <= time.monotonic() - began < most
    assert (child.process == 0) == (script is ENDS)
    if child.process:
        child.kill()
        os.waitpid(child.process, 0)
    os.close(reading)
    os.close(writing)
