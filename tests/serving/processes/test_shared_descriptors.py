"""A process reports an error and its threads' stacks to the process that started it."""

from __future__ import annotations

import faulthandler
import os
import signal
import time

import pytest

from packager.errors import PackageError
from serving.processes.shared_descriptors import SharedNotes


@pytest.fixture
def notes():
    made = SharedNotes.make()
    yield made
    os.close(made.failure)
    os.close(made.stacks)


def test_an_error_is_read_back_and_forgotten_on_demand(notes):
    assert notes.error() is None
    notes.report(PackageError("größe: expected x", "do y"))
    found = notes.error()
    assert (found.message, found.hint) == ("größe: expected x", "do y")
    notes.clear()
    assert notes.error() is None


@pytest.mark.parametrize("written", [b"no JSON", b"[", b"\xff", b"1", b"[1]", b'{"a": 1}'])
def test_an_error_that_is_none_is_an_error_too(notes, written):
    os.pwrite(notes.failure, written, 0)
    assert notes.error().message == "the model's process reported an error that can't be read"


def test_threads_are_shown_at_the_signal(notes):
    notes.dump_stacks_on_signal()
    os.kill(os.getpid(), signal.SIGUSR2)
    until = time.monotonic() + 60
    while not notes.read_stacks() and time.monotonic() < until:
        time.sleep(0.01)
    faulthandler.unregister(signal.SIGUSR2)
    assert any("test_shared_descriptors.py" in line for line in notes.read_stacks())
