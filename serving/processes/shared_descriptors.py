"""File descriptors that the supervisor and its workers share, named by environment variables.

All are in memory (``memfd``), so neither a full disk nor a deleted file can break them.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
from collections.abc import MutableMapping
from dataclasses import dataclass

from packager.errors import PackageError

TABLE = "MODEL_WORKER_TABLE_FD"
FAILURE = "MODEL_WORKER_FAILURE_FD"
STACKS = "MODEL_WORKER_STACKS_FD"
"""Environment variables with the number of a descriptor; set by ``python -m serving``."""

STACKS_SIGNAL = signal.SIGUSR2
"""Makes a worker write the stacks of its threads, even while one of them holds the GIL."""


@dataclass(frozen=True)
class SharedNotes:
    """Memory files where a worker writes its loading error and the stacks of its threads."""

    failure: int
    stacks: int

    @classmethod
    def make(cls) -> SharedNotes:
        """Create two empty files; raises ``OSError``."""
        return cls(os.memfd_create("failure"), os.memfd_create("stacks"))

    def name_in(self, environment: MutableMapping[str, str]) -> None:
        """Put the descriptors into ``environment``, for a worker started with it."""
        environment[FAILURE] = str(self.failure)
        environment[STACKS] = str(self.stacks)

    def clear(self) -> None:
        """Delete what the previous worker wrote."""
        for descriptor in (self.failure, self.stacks):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)

    def error(self) -> PackageError | None:
        """The loading error that the worker reported; None if there is none."""
        text = _content(self.failure)
        if not text:
            return None
        message, hint = json.loads(text)
        return PackageError(message, hint)

    def read_stacks(self) -> list[str]:
        """The stacks that the worker wrote at ``STACKS_SIGNAL``: files and functions, no values."""
        return _content(self.stacks).decode(errors="replace").splitlines()


def table() -> int | None:
    """The descriptor of the worker table; None if this process has no supervisor."""
    return _descriptor(TABLE)


def report_fatal(error: PackageError) -> None:
    """Called in a worker: report the error that makes the package impossible to load."""
    descriptor = _descriptor(FAILURE)
    if descriptor is not None:
        os.pwrite(descriptor, json.dumps([error.message, error.hint]).encode(), 0)


def dump_stacks_on_signal() -> None:
    """Called in a worker: write the stacks of all threads at each ``STACKS_SIGNAL``."""
    descriptor = _descriptor(STACKS)
    if descriptor is not None:
        faulthandler.register(STACKS_SIGNAL, file=descriptor, all_threads=True)


def _descriptor(name: str) -> int | None:
    number = os.environ.get(name)
    return None if number is None else int(number)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
