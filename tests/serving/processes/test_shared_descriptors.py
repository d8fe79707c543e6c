"""A worker reports an error and its threads' stacks to the process that started it."""

from __future__ import annotations

import os
import signal
import time

import pytest

from packager.errors import PackageError
from serving.processes import shared_descriptors
from serving.processes.shared_descriptors import FAILURE, STACKS, TABLE, SharedNotes


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch):
    """Notes that this process finds as a worker does."""
    made = SharedNotes.make()
    environment: dict[str, str] = {}
    made.name_in(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield made
    os.close(made.failure)
    os.close(made.stacks)


def test_an_error_is_read_back_and_forgotten_on_demand(notes):
    assert notes.error() is None
    shared_descriptors.report_fatal(PackageError("größe: expected x", "do y"))
    found = notes.error()
    assert (found.message, found.hint) == ("größe: expected x", "do y")
    notes.clear()
    assert notes.error() is None


def test_threads_are_shown_at_the_signal(notes):
    shared_descriptors.dump_stacks_on_signal()
    os.kill(os.getpid(), signal.SIGUSR2)
    until = time.monotonic() + 10
    while not notes.read_stacks() and time.monotonic() < until:
        time.sleep(0.01)
    import faulthandler

    faulthandler.unregister(signal.SIGUSR2)
    assert any("test_shared_descriptors.py" in line for line in notes.read_stacks())


def test_a_process_that_something_else_started_has_none(monkeypatch):
    for name in (TABLE, FAILURE, STACKS):
        monkeypatch.delenv(name, raising=False)
    assert shared_descriptors.table() is None
    shared_descriptors.report_fatal(PackageError("not read", ""))
    shared_descriptors.dump_stacks_on_signal()
