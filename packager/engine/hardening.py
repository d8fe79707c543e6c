"""Limits of every container that this program starts: privileges, processes, memory."""

from __future__ import annotations

import re
from typing import Any

from packager.errors import UsageError

JOB_USER = "65532:0"
ROOT_USER = "0"
MAX_PROCESSES = 4096
"""Processes and threads of a container: more than 64 workers on 32 processors start."""
JOB_MEMORY_SHARE = 0.9
SERVER_MEMORY_SHARE = 0.75
"""Share of the engine's memory; the rest is left to the machine."""
MIN_MEMORY = 128 << 20
"""Bytes; an idle server with one worker and a tiny model uses more."""
SCRATCH = {"/tmp": "rw,nosuid,nodev,mode=1777,size=512m"}

HARDENING: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "user": JOB_USER,
}
_MEMORY = re.compile(r"([1-9][0-9]{0,14})([bkmgt]?)b?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def limits(engine: dict[str, Any], memory: int) -> dict[str, Any]:
    """Options that limit processes and memory (bytes), as far as the engine supports limits.

    ``engine`` is the output of ``docker info``. Swap is disabled if the engine supports that.
    """
    options: dict[str, Any] = {}
    if engine.get("PidsLimit"):
        options["pids_limit"] = MAX_PROCESSES
    if engine.get("MemoryLimit"):
        options["mem_limit"] = memory
        if engine.get("SwapLimit"):
            options["memswap_limit"] = memory
    return options


def share_of_memory(engine: dict[str, Any], share: float) -> int:
    """``share`` of the engine's memory in bytes, in whole MiB."""
    return int(int(engine.get("MemTotal", 0)) * share) >> 20 << 20


def memory_bytes(text: str) -> int:
    """Bytes of ``512m`` or ``2g`` (powers of 1024), as Docker writes them.

    Raises ``UsageError`` for anything else, and below ``MIN_MEMORY``.
    """
    match = _MEMORY.fullmatch(text.strip())
    size = int(match[1]) << _UNITS[match[2].lower()] if match else 0
    if size < MIN_MEMORY:
        raise UsageError(
            f"--memory: expected at least {MIN_MEMORY >> 20}m, got {text!r}",
            "write a whole number with m or g: --memory 2g",
        )
    return size
