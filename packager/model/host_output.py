"""The lines that a process of the model host writes: shown to someone, and the last ones kept."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable

from packager.exit_reason import LAST_WORDS_SECONDS, MAX_LINES, relay

HAND_OVER_SECONDS = 5.0
"""Time limit for a process to write the line after which another one gets its output."""


class HostOutput:
    """Reads lines in a thread until the process ends."""

    def __init__(self, lines: Iterable[str], told: Callable[[str], object]) -> None:
        """``told`` gets each of ``lines``."""
        self._told, self._mark, self._marked = told, "", threading.Event()
        self._last: deque[str] = deque(maxlen=MAX_LINES)
        reader = threading.Thread(target=relay, args=(lines, self._last, self._tell), daemon=True)
        reader.start()
        self._reader = reader

    @property
    def last(self) -> tuple[str, ...]:
        """The last lines, of the present reader only."""
        return tuple(self._last)

    def redirect(self, told: Callable[[str], object], write: Callable[[str], object]) -> bool:
        """Let ``told`` get the lines that follow one that ``write`` has the process write.

        False if that line does not arrive: then nobody gets any more lines.
        """
        self._marked.clear()
        self._mark = secrets.token_hex(16)
        write(self._mark)
        arrived = self._marked.wait(HAND_OVER_SECONDS)
        self._told = told if arrived else _nobody
        return arrived

    def join(self) -> None:
        """Wait a while for the last lines of a process that has ended."""
        self._reader.join(LAST_WORDS_SECONDS)

    def _tell(self, line: str) -> None:
        if not self._mark or not line.endswith(self._mark):
            self._told(line)
            return
        if begun := line.removesuffix(self._mark):  # a line that the project's code did not end
            self._told(begun)
        self._last.clear()
        self._mark = ""
        self._marked.set()


def _nobody(_: str) -> None:
    """Get a line that nobody is to see."""
