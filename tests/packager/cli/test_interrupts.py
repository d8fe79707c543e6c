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
import sys, time
from packager.cli import interrupts
interrupts.REPETITION_SECONDS = 60.0
interrupts.Interrupts().install()
try:
    print("runs", flush=True)
    while True:  # a signal right before one long sleep would not end it
        time.sleep(0.01)
finally:
    print("tidies", flush=True)
    sys.stdin.readline()
    print("done", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_repetitions_do_not_stop_the_tidying_up(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        process.send_signal(number)
        assert process.stdout.readline() == "tidies\n"
        for _ in range(3):
            process.send_signal(number)
            time.sleep(0.02)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"
        assert process.stderr is not None
        assert process.stderr.read().count("Traceback") == 1


STARTS = """
import os, signal, sys

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":  # the first library that the commands import
            os.kill(os.getpid(), int(sys.argv[1]))

sys.meta_path.insert(0, Stop())
from packager.cli import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "! stopped\n"),
        (("--json",), '{"message": "stopped", "hint": null, "exit_code": 130}\n'),
    ],
)
def test_a_signal_while_the_program_starts_stops_it_quietly(
    number: signal.Signals, options: tuple[str, ...], said: str
) -> None:
    command = [sys.executable, "-c", STARTS, str(int(number)), *options]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", said)


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
