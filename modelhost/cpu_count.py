"""Set joblib's core count, so that joblib runs no system program to count cores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_COUNTERS = ("joblib.externals.loky.backend.context", "loky.backend.context")
_PROCESSORS = Path("/proc/cpuinfo")


def set_cpu_count() -> None:
    """Set joblib's cached count of physical cores, if joblib is loaded.

    joblib runs ``lscpu`` or ``cat`` to count them and prints a traceback if a slim image lacks
    them. LightGBM uses as many threads as joblib counts: if ``OMP_NUM_THREADS`` is set, as in
    every training, the count is that number, so that the model doesn't depend on the machine.
    """
    for name in _COUNTERS:
        counter = sys.modules.get(name)
        if counter is not None and getattr(counter, "physical_cores_cache", 0) is None:
            counter.physical_cores_cache = _cores()  # type: ignore[attr-defined]


def _cores() -> int:
    setting = os.environ.get("OMP_NUM_THREADS", "")
    if setting.isdigit() and int(setting) > 0:
        return int(setting)
    return _physical() or os.cpu_count() or 1


def _physical() -> int:
    """Number of distinct pairs of processor and core; 0 if the system doesn't list them."""
    try:
        text = _PROCESSORS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    cores = set()
    for block in text.split("\n\n"):
        facts = {
            key.strip(): value.strip()
            for key, _, value in (line.partition(":") for line in block.splitlines())
        }
        if "core id" in facts:
            cores.add((facts.get("physical id"), facts["core id"]))
    return len(cores)
