"""Waits for signals in the main thread of the supervisor."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any, ClassVar, Self


class Signals:
    """A context in which signals wake ``wait`` and have no other effect."""

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

    def wait(self, seconds: float, also: Iterable[int] = ()) -> frozenset[signal.Signals]:
        """Signals since the last call; waits up to ``seconds`` for one.

        It also returns as soon as one of the descriptors ``also`` is readable.
        """
        poll = select.poll()
        for descriptor in (self._reading, *also):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
        if self._reading not in ready:
            return frozenset()
        return frozenset(map(signal.Signals, os.read(self._reading, 4096)))


def _nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing; with a handler, a signal neither ends the process nor is ignored."""
