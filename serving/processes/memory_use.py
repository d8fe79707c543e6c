"""The memory that a process and what it started use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_use(process: int) -> int:
    """Bytes of a process; with children, the sum of all, shared pages counted once.

    0 for a process that has ended.
    """
    family = [process, *_below(process)]
    if len(family) == 1:
        return _resident(process)
    return sum(map(_proportional, family))


def _below(process: int) -> Iterator[int]:
    for path in (_PROCESSES / str(process) / "task").glob("*/children"):
        for child in map(int, _text(path).split()):
            yield child
            yield from _below(child)


def _resident(process: int) -> int:
    fields = _text(_PROCESSES / str(process) / "statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def _proportional(process: int) -> int:
    for line in _text(_PROCESSES / str(process) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(process)


def _text(path: Path) -> str:
    """The content; empty if the process has ended, or can't be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
