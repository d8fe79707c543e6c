"""Describes how a process ended: exit code, signal, exhausted memory, last lines of output.

A process that ends by ``SIGKILL`` can't report why. The kernel counts the processes that it kills
for lack of memory, per control group and for the machine. Only if that count has risen is
exhausted memory reported.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_LINES = 8
"""Last lines of the output that are shown."""
LAST_WORDS_SECONDS = 5.0
"""Time limit for reading the remaining output after the process ended."""
_CONTAINER_SIGNALS = range(129, 160)
"""Exit codes of a container whose first process was ended by a signal: 128 + signal."""
_CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS")
_COUNTS = ("memory.events", "memory/memory.oom_control", "memory.oom_control")
_GROUPS = Path("/sys/fs/cgroup")
_MACHINE = Path("/proc/vmstat")


@dataclass(frozen=True)
class ExitReason:
    """End of a process; a negative ``code`` is the signal that ended it."""

    code: int
    out_of_memory: bool = False
    """Whether the kernel or the engine reports that it was killed for lack of memory."""
    output: Sequence[str] = ()
    """Its output, or the end of it."""

    @property
    def signal(self) -> str | None:
        """Name of the signal that ended it, for example ``SIGSEGV``; None without one."""
        if self.code >= 0 and self.code not in _CONTAINER_SIGNALS:
            return None
        number = -self.code if self.code < 0 else self.code - 128
        try:
            return signal.Signals(number).name
        except ValueError:
            return f"signal {number}"

    @property
    def reason(self) -> str:
        """``signal SIGKILL: out of memory`` or ``exit code 3``, for example."""
        name = self.signal
        if name is None:
            return f"exit code {self.code}, without a result"
        if self.out_of_memory:
            return f"signal {name}: out of memory"
        if name in _CRASHES:
            return f"signal {name}: a crash in compiled code"
        return f"signal {name}, sent by another process"

    @property
    def hint(self) -> str:
        """Hint that names the remedy, and the last lines of the output."""
        lines = [line for line in self.output if line.strip()][-MAX_LINES:]
        last = "; its last lines:\n  " + "\n  ".join(lines) if lines else "; it printed nothing"
        return self._mend() + last

    def _mend(self) -> str:
        name = self.signal
        if self.out_of_memory:
            return "give it more memory, or train on fewer rows or columns"
        if name in _CRASHES:
            return "a library crashed: the traceback of its output says in which call"
        if name == "SIGKILL":
            return "no sign of exhausted memory: find out what killed it (`dmesg`, the engine)"
        if name is not None:
            return "find the process that sent the signal, then try again"
        return "look for os._exit or sys.exit in the project's code"


def relay(lines: Iterable[str], last: deque[str], show: Callable[[str], object]) -> None:
    """Pass each line to ``show``; ``last`` keeps the last ones."""
    for line in lines:
        last.append(line.rstrip("\n"))
        show(last[-1])


def kills_for_memory() -> int | None:
    """Number of processes that the kernel has killed for lack of memory; None if unknown.

    Counts this control group if available (in a container), else the whole machine.
    """
    for path in (*(_GROUPS / name for name in _COUNTS), _MACHINE):
        count = _count(path)
        if count is not None:
            return count
    return None


def killed_for_memory(code: int, before: int | None) -> bool:
    """Whether a process that ended with ``code`` was killed for lack of memory.

    ``before`` is the value of ``kills_for_memory`` at its start.
    """
    after = kills_for_memory()
    rose = before is not None and after is not None and after > before
    return code == -signal.SIGKILL and rose


def _count(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    counts = dict(line.split(maxsplit=1) for line in lines if " " in line)
    count = counts.get("oom_kill")
    return int(count) if count is not None and count.strip().isdigit() else None
