"""Signals as something to wait for, in the main thread of the supervising process."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any, ClassVar, Self


class Signals:
    """While the block runs, signals of interest wake ``wait`` and do nothing else."""

    END: ClassVar = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})

    def __init__(self) -> None:
        self._handlers: dict[signal.Signals, Any] = {}
        self._reading = self._writing = -1

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in (*self.END, signal.SIGHUP, signal.SIGCHLD):
            self._handlers[number] = signal.signal(number, _nothing)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._reading)
        os.close(self._writing)

    def wait(self, seconds: float) -> frozenset[signal.Signals]:
        """Signals that came since the last time, after ``seconds`` at the latest."""
        ready, _, _ = select.select([self._reading], [], [], seconds)
        return (
            frozenset(map(signal.Signals, os.read(self._reading, 4096))) if ready else frozenset()
        )


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler, so that the signal neither ends the process nor is dropped."""
