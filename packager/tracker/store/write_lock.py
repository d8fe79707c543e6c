"""Turns among processes, in about the order in which they ask, by a lock of the kernel on a file.

SQLite's own waiting asks again and again: of fifty processes, some waited longer than a minute.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(file: Path, seconds: float) -> Iterator[None]:
    """Hold the lock of ``file``; raises ``OSError``, of number ``EBUSY`` after this long."""
    handle = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(handle, seconds)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, seconds: float) -> None:
    """Wait in a thread, which the kernel's call can't be told to end.

    The thread has a copy of the handle: a lock that comes too late ends with the last copy.
    """
    waiting = threading.Thread(target=_lock, args=(os.dup(handle),), daemon=True)
    waiting.start()
    waiting.join(seconds)
    if waiting.is_alive():
        raise OSError(errno.EBUSY, f"another process has written for {seconds:g} s")


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)
