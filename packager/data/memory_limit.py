"""Whether a table has room in memory: told before it is read, rather than found out by the kernel.

A few bytes of Parquet may stand for 10⁹ rows, a few of a packed file for any amount of text.
"""

from __future__ import annotations

import sys
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
            f"{place}: expected {what} that fit in the memory there is"
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
