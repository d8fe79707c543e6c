"""A job in a container, which another thread can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import IO

WORK = "/work"


class Cancellation:
    """Ends what runs at the moment, and what is started later."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._end: Callable[[], object] | None = None
        self.asked = False
        """Whether ``cancel`` was called."""

    def started(self, end: Callable[[], object]) -> None:
        """Note how to end what was started just now; it is ended if ``cancel`` was called."""
        with self._lock:
            self._end = end
            if self.asked:
                end()

    def cancel(self) -> None:
        """End what was started."""
        with self._lock:
            self.asked = True
            if self._end is not None:
                self._end()


@dataclass(frozen=True)
class ContainerJob:
    """A command to run to its end in a container of an image."""

    image: str
    command: Sequence[str]
    environment: Mapping[str, str]
    files: IO[bytes] | None = None
    """A tar that is unpacked below ``WORK`` before the start."""
    output: str = f"{WORK}/out/."
    """The folder or file, in a folder that jobs may write, that holds the results."""
    doing: str = "running a container"
    """The activity that error messages of the engine name."""
    cancellation: Cancellation = field(default_factory=Cancellation)
