"""Folders listed backwards, so that a recipe that leaves their order to the system is found out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any


class _Backwards:
    """Entries as ``os.scandir`` gives them, the last one first."""

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
        """Nothing is open any more."""


def reverse_listings() -> None:
    """From now on, and for good, this process sees every folder in the opposite order.

    On one machine a file system gives the same order twice; on another one it need not.
    """
    scan, listing = os.scandir, os.listdir

    def scandir(path: Any = ".") -> Any:
        with scan(path) as entries:
            return _Backwards(list(entries))

    def listdir(path: Any = ".") -> Any:
        return listing(path)[::-1]

    os.scandir, os.listdir = scandir, listdir
