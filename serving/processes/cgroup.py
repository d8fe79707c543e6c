"""What the control group of this process says of memory: its limit, and who was killed for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MAX_LIMIT = 1 << 60
"""Version 1 shows a number near 2⁶³ where there is no limit."""


@dataclass(frozen=True)
class MemoryEvents:
    """None for what can't be told."""

    kills: int | None
    """Processes of the group that were killed for memory so far."""
    limit: int | None
    """Bytes."""

    @classmethod
    def read(cls, root: Path = ROOT, own: Path = Path("/proc/self/cgroup")) -> MemoryEvents:
        """Of the group of this process, in version 2 or 1."""
        for folder, events, limit in _places(root, own):
            kills = _kills(folder / events)
            if kills is not None:
                return cls(kills, _limit(folder / limit))
        return cls(None, None)


def _places(root: Path, own: Path) -> Iterator[tuple[Path, str, str]]:
    """Folder, file of events and file of the limit; in a container the folder is the root."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for folder in (path.lstrip("/"), ""):
            if controllers == "":
                yield root / folder, "memory.events", "memory.max"
            elif "memory" in controllers.split(","):
                yield root / "memory" / folder, "memory.oom_control", "memory.limit_in_bytes"


def _kills(path: Path) -> int | None:
    try:
        words = dict(line.split() for line in path.read_text().splitlines())
        return int(words["oom_kill"])
    except (OSError, KeyError, ValueError):
        return None


def _limit(path: Path) -> int | None:
    try:
        found = int(path.read_text())
    except (OSError, ValueError):  # "max"
        return None
    return found if found < MAX_LIMIT else None
