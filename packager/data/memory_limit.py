"""Whether a table has room in memory: told before it is read, rather than found out by the kernel.

A few bytes of Parquet may stand for 10⁹ rows, a few of a packed file for any amount of text.
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
"""Of a table; what is done with each takes its time."""
UNKNOWN = 1 << 62
"""Bytes where nothing says how much there is."""
_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")
_STATUS = Path("/proc/self/status")
_inside = threading.Semaphore(1)
"""Held by the block that has set the limit of this process."""


def available_bytes() -> int:
    """Memory that this process may take: of the machine, its control group and its limits."""
    return min(_of_machine(), _of_group(), _of_process())


def check_room(place: object, what: str, size: int, counted: str) -> None:
    """Raise ``UsageError`` where ``size`` bytes of ``what`` have no room in memory.

    ``counted`` says how many there are, as in ``10 rows x 3 columns``.
    """
    there = available_bytes()
    if size > there:
        raise UsageError(
            f"{place}: expected {what} that fit in the available memory"
            f" ({there / 1e9:,.1f} GB), got {counted}: at least {size / 1e9:,.1f} GB",
            "use fewer rows or columns, or a machine with more memory",
        )


def refuse_too_wide(place: object, columns: int) -> None:
    """Raise ``UsageError`` for more than ``MAX_COLUMNS``."""
    if columns > MAX_COLUMNS:
        raise UsageError(
            f"{place}: expected at most {MAX_COLUMNS:,} columns, got {columns:,}",
            "check its separators, or leave out columns that no model needs",
        )


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Within the block, more memory than there is raises ``MemoryError``, whatever a file says.

    The kernel refuses it to this process, which would otherwise end. Blocks within each other,
    or in threads at the same time, keep to the limit of the first.
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
def fitting_memory(place: object) -> Iterator[None]:
    """``bounded_memory`` in which what has no room is a ``UsageError`` that names ``place``."""
    try:
        with bounded_memory():
            yield
    except MemoryError as error:
        raise no_room(place) from error


def no_room(place: object) -> UsageError:
    """What is said of a file that took all memory there is."""
    return UsageError(
        f"{place}: expected a file that fits into memory, got a larger one",
        "use fewer rows or columns, or a machine with more memory",
    )


def _data_bytes() -> int | None:
    """What the kernel counts against ``RLIMIT_DATA``; None where it is no Linux."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmData:")]
    return int(found[0]) << 10 if found else None


def _of_machine() -> int:
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:  # no Linux
        return UNKNOWN
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) << 10 if found else UNKNOWN


def _of_process() -> int:
    if sys.platform == "win32":
        return UNKNOWN
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return UNKNOWN if soft == resource.RLIM_INFINITY else soft


def _of_group() -> int:
    """What is left of a container's limit."""
    try:
        limit = int((_GROUP / "memory.max").read_text())  # "max" where there is none
        used = int((_GROUP / "memory.current").read_text())
        stat = (_GROUP / "memory.stat").read_text().splitlines()
        cached = int(dict(line.split() for line in stat).get("inactive_file", 0))
    except (OSError, ValueError):
        return UNKNOWN
    return max(0, limit - used + cached)
