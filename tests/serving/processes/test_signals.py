"""Signals wake a waiting process, and have no other effect meanwhile."""

from __future__ import annotations

import os
import signal

from serving.processes.signals import Signals


def test_a_signal_ends_the_wait_and_neither_is_lost():
    before = signal.getsignal(signal.SIGTERM)
    with Signals() as signals:
        assert signals.wait(0) == frozenset()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(60) == {signal.SIGTERM, signal.SIGHUP}
        assert signals.wait(0) == frozenset()
    assert signal.getsignal(signal.SIGTERM) == before


def test_those_that_end_a_server_are_named():
    assert {signal.SIGTERM, signal.SIGINT} <= Signals.END
    assert signal.SIGHUP not in Signals.END
