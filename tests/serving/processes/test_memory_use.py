"""The memory of a process and of what it started."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from serving.processes.memory_use import memory_use

MIB = 1 << 20
SCRIPT = """
import os, sys
kept = bytearray(os.urandom(1)) * (100 << 20)
if sys.argv[1] == "fork" and os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("ready", flush=True)
sys.stdin.read()
"""


def used(what: str) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, what], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        return memory_use(process.pid)
    finally:
        process.communicate()


@pytest.mark.slow
def test_memory_of_a_process_and_of_its_children_with_shared_pages_counted_once() -> None:
    assert 100 * MIB < used("alone") < 180 * MIB
    assert 100 * MIB < used("fork") < 180 * MIB


def test_a_process_that_has_ended_uses_nothing() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert memory_use(process.pid) == 0
    assert memory_use(os.getpid()) > MIB
