"""A process of a server by itself; test_supervisor.py has those that are watched."""

from __future__ import annotations

import os
import time

import pytest

from serving.processes.child import Child
from serving.processes.shared_descriptors import SharedNotes


def test_it_is_triggered_at_once_or_when_its_descriptor_is_readable() -> None:
    assert Child("a").is_triggered()
    reading, writing = os.pipe()
    child = Child("b", trigger=reading)
    assert not child.is_triggered()
    os.write(writing, b".")
    assert child.is_triggered()
    os.read(reading, 1)
    child.started = time.monotonic()
    assert child.is_triggered()  # from then on it is kept running
    os.close(reading)
    os.close(writing)


@pytest.mark.slow
def test_it_shows_its_stacks_and_can_be_killed() -> None:
    notes = SharedNotes.make()

    def sleeps() -> int:
        notes.dump_stacks_on_signal()
        os.write(notes.failure, b"started")
        time.sleep(300)
        return 0

    child = Child("c", run=sleeps, notes=notes, descriptors=[notes.failure, notes.stacks])
    child.process = child.start()
    until = time.monotonic() + 60
    while not os.fstat(notes.failure).st_size:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert any("in sleeps" in line for line in child.stacks())
    child.kill()
    assert os.waitstatus_to_exitcode(os.waitpid(child.process, 0)[1]) == -9
    child.kill()  # it is gone: nothing happens
    assert Child("d").stacks() == []
