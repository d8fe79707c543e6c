"""The target of a lock: Python, processor and C library, as wheel tags."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from packaging.tags import Tag, compatible_tags, cpython_tags

MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
MIN_PYTHON = (3, 11)
# Minor versions of glibc 2 that `uv pip compile --python-platform` has names for.
UV_GLIBC_MINORS = (17, 28, *range(31, 41))
# glibc version → legacy manylinux tag (PEP 600).
LEGACY_MANYLINUX = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}


@dataclass(frozen=True)
class WheelTarget:
    """CPython ``python`` (``"3.11"``) on ``platform`` (``"linux/amd64"``) with glibc ``glibc``."""

    python: str
    platform: str
    glibc: tuple[int, int]

    @property
    def machine(self) -> str:
        """``x86_64`` or ``aarch64``."""
        return MACHINES[self.platform]

    @property
    def uv_platform(self) -> str:
        """uv's name for this platform, or for the closest older one that uv knows."""
        minor = max(
            (known for known in UV_GLIBC_MINORS if known <= self.glibc[1]),
            default=UV_GLIBC_MINORS[0],
        )
        return f"{self.machine}-manylinux_2_{minor}"

    @cached_property
    def tags(self) -> dict[Tag, int]:
        """Tags of compatible wheels → rank; the lowest rank is preferred."""
        major, minor = (int(part) for part in self.python.split("."))
        interpreter = f"cp{major}{minor}"
        platforms = list(self._platforms())
        tags = [
            *cpython_tags((major, minor), [interpreter], platforms),
            *compatible_tags((major, minor), interpreter, platforms),
        ]
        return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

    def _platforms(self) -> Iterator[str]:
        for minor in range(self.glibc[1], 4, -1):
            yield f"manylinux_{self.glibc[0]}_{minor}_{self.machine}"
            if old := LEGACY_MANYLINUX.get((self.glibc[0], minor)):
                yield f"{old}_{self.machine}"
        yield f"linux_{self.machine}"


def host_target() -> WheelTarget | None:
    """This machine and interpreter as a target; None if it is not Linux with glibc."""
    names = {machine: name for name, machine in MACHINES.items()}
    library, version = platform.libc_ver()
    if sys.platform != "linux" or library != "glibc" or platform.machine() not in names:
        return None
    major, minor = (int(part) for part in version.split(".")[:2])
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return WheelTarget(python, names[platform.machine()], (major, minor))


def default_platform() -> str:
    """The Linux platform of this machine's processor, on any operating system."""
    arm = platform.machine().lower() in ("aarch64", "arm64")
    return "linux/arm64" if arm else "linux/amd64"
