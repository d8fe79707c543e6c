"""Check that a table fits in memory before it is read, so that the kernel doesn't kill the process.

A few bytes of Parquet may stand for 10⁹ rows, a few of a compressed file for any amount of text.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from packager.errors import UsageError

if sys.platform != "win32":
    import resource

MAX_COLUMNS = 65_536
"""Maximum number of columns of a table, because each takes processing time."""
UNKNOWN = 1 << 62
"""Bytes assumed if the available memory is unknown."""
_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")
_STATUS = Path("/proc/self/status")
_inside = threading.Semaphore(1)
"""Held by the block that has set the process's limit."""


def available_bytes() -> int:
    """Bytes of memory that the machine, the control group and the process limits leave."""
    return min(_of_machine(), _of_group(), _of_process())


def check_room(location: object, what: str, size: int, counted: str) -> None:
    """Raise ``UsageError`` if ``size`` bytes of ``what`` do not fit in memory.

    ``counted`` describes the amount, as in ``10 rows x 3 columns``.
    """
    there = available_bytes()
    if size > there:
        raise UsageError(
            f"{location}: expected {what} to fit in the available memory"
            f" ({there / 1e9:,.1f} GB), got {counted}: at least {size / 1e9:,.1f} GB",
            "use fewer rows or columns, or a machine with more memory",
        )


def refuse_too_wide(location: object, columns: int) -> None:
    """Raise ``UsageError`` for more than ``MAX_COLUMNS``."""
    if columns > MAX_COLUMNS:
        raise UsageError(
            f"{location}: expected at most {MAX_COLUMNS:,} columns, got {columns:,}",
            "check its separators, or leave out columns that no model needs",
        )


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Within the block, allocating more than the available memory raises ``MemoryError``.

    ``RLIMIT_DATA`` makes the allocation fail, where the kernel would otherwise kill the process.
    Nested blocks, and concurrent ones in other threads, keep the limit of the first.
    """
    used = _data_bytes()
    if used is None or not _inside.acquire(blocking=False):
        yield
        return
    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([used + available_bytes(), *limits]), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    finally:
        _inside.release()


@contextlib.contextmanager
def fitting_memory(location: object) -> Iterator[None]:
    """``bounded_memory`` with a ``UsageError`` naming ``location`` instead of ``MemoryError``."""
    try:
        with bounded_memory():
            yield
    except MemoryError as error:
        raise no_room(location) from error


def no_room(location: object) -> UsageError:
    """The error for a file that exhausted the available memory."""
    return UsageError(
        f"{location}: expected a file that fits into memory, got a larger one",
        "use fewer rows or columns, or a machine with more memory",
    )


def _data_bytes() -> int | None:
    """Bytes that the kernel counts against ``RLIMIT_DATA``; None if the system isn't Linux."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith("VmData:")]
    return int(sizes[0]) << 10 if sizes else None


def _of_machine() -> int:
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:  # not Linux
        return UNKNOWN
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) << 10 if sizes else UNKNOWN


def _of_process() -> int:
    if sys.platform == "win32":
        return UNKNOWN
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return UNKNOWN if soft == resource.RLIM_INFINITY else soft


def _of_group() -> int:
    """Bytes left of the control group's limit, as in a container."""
    try:
        limit = int((_GROUP / "memory.max").read_text())  # "max" if there is none
        used = int((_GROUP / "memory.current").read_text())
        stat = (_GROUP / "memory.stat").read_text().splitlines()
        cached = int(dict(line.split() for line in stat).get("inactive_file", 0))
    except (OSError, ValueError):
        return UNKNOWN
    return max(0, limit - used + cached)
