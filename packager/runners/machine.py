"""The machine on which workers run, described by what can change the bits of a result."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from packager.engine.engine import Engine

CPU_FIELDS = ("vendor_id", "model name", "flags", "CPU implementer", "CPU part", "Features")
"""Fields of ``/proc/cpuinfo`` on x86-64 and on ARM."""


def machine(engine: Engine | None) -> dict[str, str]:
    """Kernel, processor and, without ``engine``, the Python of this machine; name → value.

    The processor is this machine's even if the engine is elsewhere, because an engine does not
    name its own; the engine's id stands for that.
    """
    here = {"processors": str(os.cpu_count()), **_processor()}
    if engine is not None:
        return {**here, **engine.identity()}
    libc = " ".join(platform.libc_ver())
    return {**here, "system": platform.platform(), "libc": libc, "python": sys.version}


def _processor() -> dict[str, str]:
    information = Path("/proc/cpuinfo")
    if not information.is_file():
        return {"machine": platform.machine(), "processor": platform.processor()}
    fields: dict[str, str] = {}
    for line in information.read_text(errors="replace").splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name in CPU_FIELDS:
            fields.setdefault(name, value)
    return fields
