"""Processor time and memory of running processes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """Usage of all processes of a server together."""

    cpu_seconds: float
    """User and system time since their start."""
    memory_bytes: int
    """Resident memory. Shared memory counts once per process for processes of this machine, and
    once in total for a container."""


def process_tree_usage(pid: int) -> Usage | None:
    """Usage of a process and all its descendants; None without ``/proc`` (not Linux)."""
    if not (PROC / "self" / "stat").is_file():
        return None
    ticks, pages = 0, 0
    for member in _tree(pid):
        try:
            # The name, in brackets, may contain brackets and spaces, so split after the last one.
            fields = (PROC / str(member) / "stat").read_text().rpartition(")")[2].split()
            resident = (PROC / str(member) / "statm").read_text().split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        ticks += int(fields[11]) + int(fields[12])
        pages += int(resident)
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))


def _tree(pid: int) -> list[int]:
    members, waiting = [], [pid]
    while waiting:
        member = waiting.pop()
        members.append(member)
        for children in (PROC / str(member) / "task").glob("*/children"):
            try:
                waiting += map(int, children.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
    return members
