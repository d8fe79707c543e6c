"""What running processes have used: processor time and memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """Of all processes of a server together."""

    cpu_seconds: float
    """User and system time since they started."""
    memory_bytes: int
    """Resident now; memory that processes share counts once for each in a process of this
    machine, once altogether in a container."""


def process_tree_usage(pid: int) -> Usage | None:
    """A process and all its descendants; None where the system has no ``/proc`` (not Linux)."""
    if not (PROC / "self" / "stat").is_file():
        return None
    ticks, pages = 0, 0
    for member in _tree(pid):
        try:
            # The name, in brackets, may hold anything; user and system time follow it.
            fields = (PROC / str(member) / "stat").read_text().rpartition(")")[2].split()
            resident = (PROC / str(member) / "statm").read_text().split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        ticks += int(fields[11]) + int(fields[12])
        pages += int(resident)
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))


def _tree(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        member = waiting.pop()
        found.append(member)
        for children in (PROC / str(member) / "task").glob("*/children"):
            try:
                waiting += map(int, children.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
    return found
