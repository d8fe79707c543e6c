"""How many cores joblib is told of, so that it needs no program of the system to count them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_COUNTERS = ("joblib.externals.loky.backend.context", "loky.backend.context")
_PROCESSORS = Path("/proc/cpuinfo")


def set_cpu_count() -> None:
    """Answer for joblib how many physical cores there are, once it is loaded.

    It runs ``lscpu`` or ``cat`` to count them, which a slim image lacks, and prints a traceback
    then. LightGBM takes as many threads as it says: where ``OMP_NUM_THREADS`` is set, as in every
    training, that is the number, so that the model doesn't depend on the machine.
    """
    for name in _COUNTERS:
        counter = sys.modules.get(name)
        if counter is not None and getattr(counter, "physical_cores_cache", 0) is None:
            counter.physical_cores_cache = _cores()  # type: ignore[attr-defined]


def _cores() -> int:
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return _physical() or os.cpu_count() or 1


def _physical() -> int:
    """Distinct pairs of processor and core; 0 where the system doesn't say."""
    try:
        text = _PROCESSORS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = set()
    for block in text.split("\n\n"):
        facts = {
            key.strip(): value.strip()
            for key, _, value in (line.partition(":") for line in block.splitlines())
        }
        if "core id" in facts:
            found.add((facts.get("physical id"), facts["core id"]))
    return len(found)
