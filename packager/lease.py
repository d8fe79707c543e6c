"""Who is alive: what a dead process left behind, told from what a live one is using.

A process that makes something temporary holds a lease, a locked file whose name stands in the names
of what it makes. The system drops the lock however the process ends. A process id would not do: it
is given out again, and means nothing in another container that shares the cache.

Not filelock: it would replace the two forms of ``_lock``, 12 of these lines, by a dependency. It
hands out no file to hold the folder's name, and makes the file of a lease that is only asked about.
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

    def _lock(file: IO[bytes], *, wait: bool) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes], *, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


LOCK_FILE = "gate"


def lease(folder: Path) -> str:
    """The name of this process' lease in ``folder``: taken at the first call, held to its end.

    It begins with a name of ``folder``, so that leases of several folders are told apart.
    """
    return _held(folder)[0]


def is_released(folder: Path, name: str) -> bool:
    """Whether ``name`` is a lease in ``folder`` that no process holds any more."""
    with _lock_path(folder) as known:
        return name.startswith(f"{known}-") and not _is_held(folder / name)


@cache
def _held(folder: Path) -> tuple[str, IO[bytes]]:
    with _lock_path(folder) as known:
        for left in folder.glob(f"{known}-*"):
            if not _is_held(left):
                left.unlink()
        name = f"{known}-{secrets.token_hex(4)}"
        file = (folder / name).open("wb")
        _lock(file, wait=True)
    return name, file


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            _lock(file, wait=False)
    except FileNotFoundError:
        return False
    except OSError:  # how both systems say that another one has the lock
        return True
    return False


@contextmanager
def _lock_path(folder: Path) -> Iterator[str]:
    """One process at a time, so that no lease is looked at before it is locked; folder's name."""
    with (folder / LOCK_FILE).open("a+b") as file:
        _lock(file, wait=True)
        file.seek(0)
        name = file.read().decode()
        if not name:
            name = secrets.token_hex(4)
            file.write(name.encode())
            file.flush()
        # A folder copied with its gate is another one: nobody there is dead because he is not here.
        yield f"{name}{folder.stat().st_ino:x}"
