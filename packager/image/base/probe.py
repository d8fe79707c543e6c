"""Probes a base's Python for its version without running untrusted programs on this machine.

A base that ``package base`` made here, from Debian's signed packages, runs through its own loader.
Any other is asked in a container; without an engine its files tell (``static_probe``).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal

from packager.engine.engine import Engine
from packager.environment.platform import MIN_PYTHON
from packager.errors import PackageError
from packager.image.bytecode import LoaderCompiler
from packager.manifest.base import FrozenModel

PROBE = """
import platform, sys
print(f"{sys.version_info[0]}.{sys.version_info[1]}", *platform.libc_ver(), sys.version)
"""
INTERPRETER_SCRIPT = "import os, sys; print(os.path.realpath(sys.executable))"
PROBE_OUTPUT = re.compile(r"(\d+)\.(\d+) glibc (\d+)\.(\d+) (\d+\.\d+\.\d+)\S* [^\x00-\x1f]*\n?")
HOST_VERSION = ".".join(map(str, sys.version_info[:3]))

Origin = Literal["debian", "elsewhere"]


class ProbeResult(FrozenModel):
    """Path and version output of a base's Python."""

    interpreter: str
    """Absolute path of Python inside the base."""
    said: str
    """The output of ``PROBE``."""

    def facts(self, reference: str) -> tuple[str, tuple[int, int], str]:
        """Python (``3.11``), glibc (``(2, 36)``) and Python's release (``3.11.2``).

        Raises ``PackageError`` for an unsupported Python.
        """
        match = PROBE_OUTPUT.fullmatch(self.said)
        if match is None:
            raise PackageError(
                f"base {reference}: expected Python >= 3.11 and glibc, got {self.said[:100]!r}",
                "choose another [image] base",
            )
        major, minor, libc_major, libc_minor = map(int, match.groups()[:4])
        if (major, minor) < MIN_PYTHON:
            raise PackageError(
                f"base {reference}: expected Python >= 3.11 and glibc, got {major}.{minor}, which "
                "is too old for the server",
                "make one with `package base --release bookworm` (Python 3.11) or trixie (3.13)",
            )
        return f"{major}.{minor}", (libc_major, libc_minor), match[5]


def probe_on_host(root: Path, interpreter: str) -> ProbeResult:
    """Probe the Python of a base made here, started through the base's own loader."""
    output = LoaderCompiler(root, interpreter, "").output(PROBE)
    return ProbeResult(interpreter=interpreter, said=output)


def probe_in_container(engine: Engine, reference: str) -> ProbeResult:
    """Probe an image's Python in a container without a network."""
    return ProbeResult(
        interpreter=engine.output(reference, ["python3", "-c", INTERPRETER_SCRIPT]).strip(),
        said=engine.output(reference, ["python3", "-c", PROBE]),
    )
