"""Memory files that the supervisor shares with a process that it starts.

All are in memory (``memfd``), so neither a full disk nor a deleted file can break them.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
from dataclasses import dataclass

from packager.errors import PackageError

STACKS_SIGNAL = signal.SIGUSR2
"""Makes a process write the stacks of its threads, even while one of them holds the GIL."""
_MAX_ERROR_BYTES = 1 << 16


@dataclass(frozen=True)
class SharedNotes:
    """Memory files where a process writes its loading error and the stacks of its threads."""

    failure: int
    stacks: int

    @classmethod
    def make(cls) -> SharedNotes:
        """Create two empty files; raises ``OSError``."""
        return cls(os.memfd_create("failure"), os.memfd_create("stacks"))

    def clear(self) -> None:
        """Delete what the previous process wrote."""
        for descriptor in (self.failure, self.stacks):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)

    def report(self, error: PackageError) -> None:
        """Called in the process: report the error that makes the package impossible to load."""
        os.pwrite(self.failure, json.dumps([error.message, error.hint]).encode(), 0)

    def error(self) -> PackageError | None:
        """The loading error that the process reported; None if there is none."""
        text = _content(self.failure, _MAX_ERROR_BYTES)
        if not text:
            return None
        try:
            message, hint = json.loads(text)
        except (TypeError, ValueError):  # of a model process, which runs the project's code
            return PackageError("the model's process reported an error that can't be read")
        return PackageError(str(message), str(hint))

    def dump_stacks_on_signal(self) -> None:
        """Called in the process: write the stacks of all threads at each ``STACKS_SIGNAL``."""
        faulthandler.register(STACKS_SIGNAL, file=self.stacks, all_threads=True)

    def read_stacks(self) -> list[str]:
        """The stacks written at ``STACKS_SIGNAL``: files and functions, no values."""
        return _content(self.stacks, _MAX_ERROR_BYTES).decode(errors="replace").splitlines()


def _content(descriptor: int, most: int) -> bytes:
    return os.pread(descriptor, min(most, os.fstat(descriptor).st_size), 0)
