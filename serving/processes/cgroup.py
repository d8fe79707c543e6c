"""Memory limit and out-of-memory kills of this process's control group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
MAX_LIMIT = 1 << 60
"""Cgroup version 1 reports a number near 2⁶³ if there is no limit."""


@dataclass(frozen=True)
class MemoryEvents:
    """Memory events of a control group; None for unknown values."""

    kills: int | None
    """Processes of the group killed by the out-of-memory killer so far."""
    limit: int | None
    """Bytes."""

    @classmethod
    def read(cls, root: Path = ROOT, own: Path = OWN) -> MemoryEvents:
        """Read the control group of this process, version 2 or 1."""
        for folder, events, limit in _memory_files(root, own):
            kills = _kills(folder / events)
            if kills is not None:
                return cls(kills, _limit(folder / limit))
        return cls(None, None)


def own_folders(controller: str, root: Path, own: Path) -> Iterator[tuple[Path, bool]]:
    """Folders of this process's control group, and whether each is of version 2.

    In a container the folder may be the root, which follows.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for folder in (path.lstrip("/"), ""):
            if controllers == "":
                yield root / folder, True
            elif controller in controllers.split(","):
                yield root / controller / folder, False


def _memory_files(root: Path, own: Path) -> Iterator[tuple[Path, str, str]]:
    """Folder, events file and limit file."""
    for folder, second in own_folders("memory", root, own):
        if second:
            yield folder, "memory.events", "memory.max"
        else:
            yield folder, "memory.oom_control", "memory.limit_in_bytes"


def _kills(path: Path) -> int | None:
    try:
        words = dict(line.split() for line in path.read_text().splitlines())
        return int(words["oom_kill"])
    except (OSError, KeyError, ValueError):
        return None


def _limit(path: Path) -> int | None:
    try:
        limit = int(path.read_text())
    except (OSError, ValueError):  # "max"
        return None
    return limit if limit < MAX_LIMIT else None
