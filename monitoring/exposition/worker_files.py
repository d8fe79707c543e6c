"""Counter files: a worker's values, memory-mapped, in prometheus_client's format.

Files are named by worker number, so that the next worker of that number continues them: counters
never decrease while the server runs, and files don't accumulate. Space is allocated before it is
mapped. With a sparse file, as the library creates it, writing to a hole on a full disk would end
the process (SIGBUS).
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from monitoring.exposition.mmap_file import WORD, entries, read_words

INITIAL_BYTES = 1 << 16
RETRY_SECONDS = 1.0
"""Seconds between attempts to allocate space after a failure."""

_HEAD = struct.Struct("i")
_VALUE = struct.Struct("dd")

logger = logging.getLogger("monitoring")


def worker_name(folder: Path, number: int) -> str:
    """The name of a worker's files, as in ``counter_w1.db``; it can't equal a process id.

    Live gauges of the previous worker describe a dead process, so their files are deleted.
    """
    for path in folder.glob(f"gauge_live*_w{number}.db"):
        path.unlink()
    return f"w{number}"


class CounterFile:
    """Key → value and timestamp; replaces prometheus_client's ``MmapedDict``.

    Never raises for a file that can't be written: values are kept in memory, ``unwritten`` counts
    them, the failure is logged, and they are written once there is space. ``repair`` recreates a
    deleted or truncated file. For one process; thread-safe.
    """

    opened: ClassVar[list[CounterFile]] = []
    """All files of this process; those of the process that it was forked from are not."""
    unwritten: ClassVar[int] = 0
    """Changes of values that were not written to their file."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        """Open or create ``filename``; ``read_mode`` is the library's, and not supported."""
        if read_mode:
            raise ValueError(f"{filename}: expected to be opened for writing")
        self._path = Path(filename)
        self._lock = threading.Lock()
        self._numbers: dict[str, tuple[float, float]] = {}
        """The current values, to be written to the file."""
        self._offsets: dict[str, int] = {}
        """Offsets of the values in the file; keys without an offset wait for space."""
        self._descriptor = -1
        self._map: mmap.mmap | None = None
        self._used = WORD
        self._capacity = 0
        self._retry_at = 0.0
        self._attempt(self._open)
        CounterFile.opened.append(self)

    def read_value(self, key: str) -> tuple[float, float]:
        """The value of ``key``, created as 0 if absent, and its timestamp."""
        if key not in self._numbers:
            self.write_value(key, 0.0, 0.0)
        return self._numbers[key]

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Set the value of ``key`` and its timestamp."""
        with self._lock:
            self._numbers[key] = value, timestamp
            start = self._offsets.get(key)
            if start is None:
                self._attempt(self._write_waiting)
                CounterFile.unwritten += key not in self._offsets
            elif self._map is not None:
                self._map[start : start + _VALUE.size] = _VALUE.pack(value, timestamp)

    def close(self) -> None:
        """Close the file."""
        if self in CounterFile.opened:
            CounterFile.opened.remove(self)
        self._release()

    def repair(self) -> None:
        """Write pending values, and recreate the file if it is gone."""
        with self._lock:
            if self._map is not None and self._gone():
                logger.error("%s: the file was deleted, cut off or replaced", self._path)
                self._release()
            if len(self._offsets) < len(self._numbers):
                self._attempt(self._write_waiting)

    def _attempt(self, step: Callable[[], None]) -> None:
        """Run ``step`` unless it failed recently; log the first failure and the recovery."""
        now = time.monotonic()
        if now < self._retry_at:
            return
        failed_before = self._retry_at > 0
        try:
            step()
        except OSError as error:
            self._retry_at = now + RETRY_SECONDS
            if not failed_before:
                logger.error("%s: counts are kept in memory only: %s", self._path, error)
            return
        self._retry_at = 0.0
        if failed_before:
            logger.warning("%s: counts are written again, none is lost", self._path)

    def _open(self) -> None:
        """Map the file with the values of the previous worker."""
        self._make(self._path)
        try:
            self._take_over()
        except ValueError as error:
            self._release()
            self._path.rename(self._path.with_suffix(".damaged"))
            logger.error("%s: replaced by a new file: %s", self._path, error)
            self._make(self._path)
            self._write_head()

    def _take_over(self) -> None:
        words = read_words(self._path)
        numbers = words.view(np.float64)
        for name, at in entries(self._path, words):
            key = name.decode()
            self._offsets[key] = WORD * at
            self._numbers[key] = float(numbers[at]), float(numbers[at + 1])
        self._used = max(WORD, words.nbytes)
        self._write_head()

    def _make(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            size = max(os.fstat(descriptor).st_size, INITIAL_BYTES)
            os.posix_fallocate(descriptor, 0, size)
            self._remap(descriptor, size)
        except OSError:
            os.close(descriptor)
            raise

    def _write_waiting(self) -> None:
        if self._map is None:
            self._recreate()
        for key, number in self._numbers.items():
            if key not in self._offsets:
                self._append(key, number)

    def _recreate(self) -> None:
        """Write the whole file under another name first, so that readers never see a part of it."""
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        try:
            self._make(draft)
            self._write_head()
            for key, number in self._numbers.items():
                self._append(key, number)
            draft.replace(self._path)
        except OSError:
            self._release()
            draft.unlink(missing_ok=True)
            raise

    def _append(self, key: str, number: tuple[float, float]) -> None:
        """Append an entry; it counts as used only once it is complete."""
        text = key.encode()
        padding = b" " * (WORD - (len(text) + _HEAD.size) % WORD)
        entry = _HEAD.pack(len(text)) + text + padding + _VALUE.pack(*number)
        while self._used + len(entry) > self._capacity:
            os.posix_fallocate(self._descriptor, self._capacity, self._capacity)
            self._remap(self._descriptor, 2 * self._capacity)
        assert self._map is not None
        self._map[self._used : self._used + len(entry)] = entry
        self._used += len(entry)
        self._write_head()
        self._offsets[key] = self._used - _VALUE.size

    def _write_head(self) -> None:
        assert self._map is not None
        self._map[: _HEAD.size] = _HEAD.pack(self._used)

    def _gone(self) -> bool:
        """Whether the file was deleted, replaced or truncated."""
        own = os.fstat(self._descriptor)
        try:
            named = self._path.stat()
        except OSError:
            return True
        same = (named.st_ino, named.st_dev) == (own.st_ino, own.st_dev)
        return not same or own.st_size < self._capacity

    def _remap(self, descriptor: int, size: int) -> None:
        self._map = mmap.mmap(descriptor, size)
        self._descriptor, self._capacity = descriptor, size

    def _release(self) -> None:
        if self._map is not None:
            self._map.close()
            self._map = None
            os.close(self._descriptor)
        self._offsets.clear()
        self._used, self._capacity = WORD, 0


def repair_all() -> int:
    """Repair every file of this process; return the number of unwritten changes since last time."""
    for file in CounterFile.opened:
        file.repair()
    unwritten, CounterFile.unwritten = CounterFile.unwritten, 0
    return unwritten


os.register_at_fork(after_in_child=CounterFile.opened.clear)
