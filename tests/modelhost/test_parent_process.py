"""A process ends with the process that started it, however early that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelhost.parent_process import VARIABLE, own_id

CHILD = """
import os, sys, time
from modelhost.parent_process import end_with_starter
end_with_starter()
sys.stdout.write(f"{os.getpid()}\\n"); sys.stdout.flush()
time.sleep(600)
"""
PARENT = f"""
import os, subprocess, sys, time
from modelhost.parent_process import own_id
subprocess.Popen([sys.executable, "-c", {CHILD!r}], env={{**os.environ, **own_id()}})
time.sleep(600)
"""
PATH = os.pathsep.join(filter(None, sys.path))


def test_a_process_ends_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={"PYTHONPATH": PATH},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert parent.stdout.read() == ""  # ends when the child has ended, too
    parent.stdout.close()
    until = time.monotonic() + 30
    while _runs(child):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(process: int) -> bool:
    """Whether a process is there and has not ended: nobody may wait for it."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


GONE = "2147483647"
"""An id that no process has, as if the parent had ended before the child asked for its signal."""


@pytest.mark.parametrize(
    ("variables", "code"),
    [({VARIABLE: GONE}, -signal.SIGKILL), (own_id(), 0), ({}, 0)],
)
def test_a_process_whose_parent_has_ended_before_it_asked_ends(variables, code) -> None:
    program = "from modelhost.parent_process import end_with_starter as f; f()"
    environment = {"PYTHONPATH": PATH, **variables}
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, env=environment, check=False).returncode == code


def test_the_variable_is_not_handed_on() -> None:
    program = (
        "import os; from modelhost.parent_process import *; end_with_starter();"
        " assert VARIABLE not in os.environ"
    )
    environment = {"PYTHONPATH": PATH, **own_id()}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
