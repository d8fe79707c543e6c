"""A signal that arrives several times stops the command once, and its tidying up ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager.cli import interrupts
from packager.cli.interrupts import Interrupts

TOP = Path(__file__).parents[3]
COMMAND = """
import time
from packager.cli.interrupts import Interrupts
Interrupts().install()
try:
    print("runs", flush=True)
    time.sleep(60)
finally:
    print("tidies", flush=True)
    time.sleep(0.5)
    print("done", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_repetitions_do_not_stop_the_tidying_up(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=TOP,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        process.send_signal(number)
        assert process.stdout.readline() == "tidies\n"
        for _ in range(3):
            process.send_signal(number)
            time.sleep(0.02)
        assert process.stdout.readline() == "done\n"
        assert process.stderr is not None
        assert process.stderr.read().count("Traceback") == 1


def test_somebody_who_asks_again_later_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(interrupts.time, "monotonic", lambda: now)
    handler = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        handler(2, None)
    now += 1.9
    handler(2, None)
    now += 1.9
    handler(2, None)  # still the same, held down
    now += 2.1
    with pytest.raises(KeyboardInterrupt):
        handler(2, None)
