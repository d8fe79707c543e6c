"""Ends processes that a model has left: in a session of their own, they outlive their group.

With ``adopt`` the kernel makes an orphan a child of the supervisor, as it does for process 1 of a
container, which also adopts what ``docker exec`` leaves: those are not the model's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Collection, Iterator
from pathlib import Path

_SUBREAPER = 36  # of linux/prctl.h
_PROCESSES = Path("/proc")
MAX_ROUNDS = 100
"""The children of an orphan that ends become orphans."""


def adopt() -> None:
    """From now on, processes whose parents have ended become children of this one."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def orphans(known: Collection[int], mark: str, others: Collection[str]) -> list[int]:
    """Adopted processes of the model process with ``mark``: a text in a variable of its start.

    ``known``: children that this process has started. Those with a mark of ``others`` are not
    among them. In a container, only processes with ``mark`` are; elsewhere also those without any,
    because nothing but model processes leaves any.
    """
    return [
        child
        for child in _children()
        if child not in known and _is_marked(_variables(child), mark, others)
    ]


def end_orphans(known: Collection[int], mark: str, others: Collection[str]) -> int:
    """Kill and reap the ``orphans``, and those that they leave; return how many ran."""
    killed = 0
    for _ in range(MAX_ROUNDS):
        pids = orphans(known, mark, others)
        if not pids:
            break
        running = [one for one in pids if not _reaped(one, os.WNOHANG)]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in running:
            _reaped(process, 0)
        killed += len(running)
    return killed


def _reaped(process: int, options: int) -> bool:
    try:
        return os.waitpid(process, options)[0] == process
    except ChildProcessError:
        return True


def _children() -> Iterator[int]:
    for path in (_PROCESSES / "self" / "task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, path.read_text().split())


def _variables(process: int) -> bytes:
    """The variables that a process was started with; empty if they can't be read."""
    try:
        return (_PROCESSES / str(process) / "environ").read_bytes()
    except OSError:
        return b""


def _is_marked(variables: bytes, mark: str, others: Collection[str]) -> bool:
    if mark.encode() in variables:
        return True
    return os.getpid() != 1 and not any(other.encode() in variables for other in others)
