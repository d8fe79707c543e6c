"""Leases that distinguish temporary files of running processes from leftovers of dead ones.

A process with temporary files holds a lease: a locked file whose name is part of their names. The
system releases the lock however the process ends. A process id would not work, because ids are
reused and have no meaning in another container that shares the cache.

filelock is not used: it would replace only the two forms of ``lock`` (12 lines). It gives no
access to the lock's file, which stores the folder's name, and it creates the file of a lease that
is only checked.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def lock(file: IO[bytes], *, wait: bool) -> None:
        """Lock ``file``; without ``wait``, raise ``OSError`` if another process has the lock."""
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def lock(file: IO[bytes], *, wait: bool) -> None:
        """Lock ``file``; without ``wait``, raise ``OSError`` if another process has the lock."""
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


LOCK_FILE = "gate"


def lease(folder: Path) -> str:
    """The name of this process's lease in ``folder``, acquired at the first call.

    The process holds it until it ends. The name starts with an id of ``folder``, which
    distinguishes leases of different folders.
    """
    return _held(folder)[0]


def is_released(folder: Path, name: str) -> bool:
    """Whether ``name`` is a lease of ``folder`` that no process holds any longer."""
    with _lock_path(folder) as known:
        return name.startswith(f"{known}-") and not _is_held(folder / name)


@cache
def _held(folder: Path) -> tuple[str, IO[bytes]]:
    with _lock_path(folder) as known:
        for lease_file in folder.glob(f"{known}-*"):
            if not _is_held(lease_file):
                lease_file.unlink()
        name = f"{known}-{secrets.token_hex(4)}"
        file = (folder / name).open("wb")
        lock(file, wait=True)
    return name, file


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            lock(file, wait=False)
    except FileNotFoundError:
        return False
    except OSError:  # both systems raise it if another process has the lock
        return True
    return False


@contextmanager
def _lock_path(folder: Path) -> Iterator[str]:
    """Yield the folder's id under a lock, so that no lease is checked before it is locked."""
    with (folder / LOCK_FILE).open("a+b") as file:
        lock(file, wait=True)
        file.seek(0)
        name = file.read().decode()
        if not name:
            name = secrets.token_hex(4)
            file.write(name.encode())
            file.flush()
        # The inode gives a copied folder a new id, so leases of the original are not taken for
        # released.
        yield f"{name}{folder.stat().st_ino:x}"
