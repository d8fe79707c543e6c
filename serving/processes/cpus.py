"""Number of processors that this server may use: by its affinity and its control group."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from serving.processes.cgroup import OWN, ROOT, own_folders


def available_cpus(root: Path = ROOT, own: Path = OWN) -> int:
    """Whole processors, at least 1: ``docker run --cpus 1.5`` allows 2 at a time."""
    cpus = len(os.sched_getaffinity(0))
    quotas = [math.ceil(quota) for quota in _quotas(root, own)]
    return max(1, min([cpus, *quotas]))


def _quotas(root: Path, own: Path) -> Iterator[float]:
    """Processors by the quotas of the own control group, and of the root in a container."""
    for folder, second in own_folders("cpu", root, own):
        names = ("cpu.max",) if second else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        yield from _quota([word for name in names for word in _words(folder / name)])


def _quota(words: list[str]) -> Iterator[float]:
    """From quota and period in microseconds; nothing for ``max`` or -1, which is no limit."""
    try:
        quota, period = map(int, words)
    except ValueError:
        return
    if quota > 0 and period > 0:
        yield quota / period


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
