"""Reverse directory listings, to detect recipes that depend on the order of the file system."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any


class _Backwards:
    """The iterator of ``os.scandir``, in reverse order."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries[::-1])

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Backwards:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: the entries were read and the directory closed before."""


def reverse_listings() -> None:
    """Reverse every later directory listing in this process; it can't be undone.

    One machine lists a folder in the same order twice; another machine may use another order.
    """
    scan, listing = os.scandir, os.listdir

    def scandir(path: Any = ".") -> Any:
        with scan(path) as entries:
            return _Backwards(list(entries))

    def listdir(path: Any = ".") -> Any:
        return listing(path)[::-1]

    os.scandir, os.listdir = scandir, listdir
    accessor: Any = getattr(pathlib, "_NormalAccessor", None)
    if accessor is not None:  # before Python 3.11 it keeps both functions
        accessor.scandir, accessor.listdir = staticmethod(scandir), staticmethod(listdir)
