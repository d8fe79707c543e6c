"""What the supervising process and its workers share: a few descriptors, named by variables.

All are memory (``memfd``), so neither a full disk nor one that is tidied up can take them away.
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
"""Variables that hold the number of a descriptor; set by ``python -m serving``."""

STACKS_SIGNAL = signal.SIGUSR2
"""Makes a worker write where its threads are, even while one of them keeps the others still."""


@dataclass(frozen=True)
class SharedNotes:
    """Where one worker leaves why the package can't be loaded, and where its threads are."""

    failure: int
    stacks: int

    @classmethod
    def make(cls) -> SharedNotes:
        """Two empty notes; raises ``OSError``."""
        return cls(os.memfd_create("failure"), os.memfd_create("stacks"))

    def name_in(self, environment: MutableMapping[str, str]) -> None:
        """Let a process with this environment find them."""
        environment[FAILURE] = str(self.failure)
        environment[STACKS] = str(self.stacks)

    def clear(self) -> None:
        """Forget what the worker before wrote."""
        for descriptor in (self.failure, self.stacks):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)

    def error(self) -> PackageError | None:
        """The error that the worker left, if it did."""
        text = _content(self.failure)
        if not text:
            return None
        message, hint = json.loads(text)
        return PackageError(message, hint)

    def read_stacks(self) -> list[str]:
        """What the worker wrote at ``STACKS_SIGNAL``: files and functions, no values."""
        return _content(self.stacks).decode(errors="replace").splitlines()


def table() -> int | None:
    """The table of the workers; None where something else started this process."""
    return _descriptor(TABLE)


def report_fatal(error: PackageError) -> None:
    """From a worker: leave the error that makes the package impossible to load."""
    descriptor = _descriptor(FAILURE)
    if descriptor is not None:
        os.pwrite(descriptor, json.dumps([error.message, error.hint]).encode(), 0)


def dump_stacks_on_signal() -> None:
    """In a worker: write where all threads are whenever the supervising process asks."""
    descriptor = _descriptor(STACKS)
    if descriptor is not None:
        faulthandler.register(STACKS_SIGNAL, file=descriptor, all_threads=True)


def _descriptor(name: str) -> int | None:
    number = os.environ.get(name)
    return None if number is None else int(number)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
