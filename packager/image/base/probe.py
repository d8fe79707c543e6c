"""Probes a base's Python for its version without running untrusted programs on this machine.

A base that ``package base`` made here, from Debian's signed packages, runs through its own loader.
Any other is probed in a container. An archive of ``package base --output`` records the result in a
label, which is unverified: a false label gives a base that does not work, but runs nothing. Of a
base for another platform nothing runs: its files say what it has.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from packager.engine.engine import Engine
from packager.environment.platform import MACHINES, MIN_PYTHON
from packager.errors import PackageError
from packager.image.bytecode import LoaderCompiler
from packager.image.config import LABEL
from packager.image.elf import elf_machine
from packager.image.rootfs import resolve_inside
from packager.manifest.base import FrozenModel

PROBE = """
import platform, sys
print(f"{sys.version_info[0]}.{sys.version_info[1]}", *platform.libc_ver(), sys.version)
"""
INTERPRETER_SCRIPT = "import os, sys; print(os.path.realpath(sys.executable))"
BASE_LABEL = f"{LABEL}.base"
PROBE_OUTPUT = re.compile(r"(\d+)\.(\d+) glibc (\d+)\.(\d+) (\d+\.\d+\.\d+)\S* [^\x00-\x1f]*\n?")
LIBRARIES = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib", "lib/*-linux-gnu",
             "usr/lib/*-linux-gnu")  # fmt: skip
RELEASE = re.compile(rb"\0(3\.\d+\.\d+)(?:a\d+|b\d+|rc\d+)?\+?\0")
"""``PY_VERSION`` among the constants of an interpreter or of its ``libpython``."""
GLIBC = re.compile(rb"GNU C Library \([^)\n]*\) stable release version (\d+)\.(\d+)\.")
"""In the C library, which prints it when it is run as a program."""
HOST_VERSION = ".".join(map(str, sys.version_info[:3]))

Origin = Literal["debian", "elsewhere"]


class ProbeResult(FrozenModel):
    """Path and version output of a base's Python."""

    interpreter: str
    """Absolute path of Python inside the base."""
    said: str
    """What ``PROBE`` printed."""

    def facts(self, reference: str) -> tuple[str, tuple[int, int], str]:
        """Python (``3.11``), glibc (``(2, 36)``) and Python's release (``3.11.2``).

        Raises ``PackageError`` for an unsupported Python.
        """
        told = PROBE_OUTPUT.fullmatch(self.said)
        if told is None:
            raise PackageError(
                f"base {reference}: expected Python >= 3.11 and glibc, got {self.said[:100]!r}",
                "choose another [image] base",
            )
        major, minor, libc_major, libc_minor = map(int, told.groups()[:4])
        if (major, minor) < MIN_PYTHON:
            raise PackageError(
                f"base {reference}: expected Python >= 3.11 and glibc, got {major}.{minor}, which "
                "is too old for the server",
                "make one with `package base --release bookworm` (Python 3.11) or trixie (3.13)",
            )
        return f"{major}.{minor}", (libc_major, libc_minor), told[5]


def probe_on_host(root: Path, interpreter: str) -> ProbeResult:
    """Probe the Python of a base made here, started through the base's own loader."""
    said = LoaderCompiler(root, interpreter, "").output(PROBE)
    return ProbeResult(interpreter=interpreter, said=said)


def probe_in_container(engine: Engine, reference: str) -> ProbeResult:
    """Probe an image's Python in a container without a network."""
    return ProbeResult(
        interpreter=engine.output(reference, ["python3", "-c", INTERPRETER_SCRIPT]).strip(),
        said=engine.output(reference, ["python3", "-c", PROBE]),
    )


def probe_files(root: Path, interpreter: str, platform: str) -> ProbeResult:
    """Probe the Python of an unpacked base for ``platform`` by its files; nothing of it runs.

    Raises ``PackageError`` if it is for another processor, or its files don't name the versions.
    """
    program = root / interpreter.lstrip("/")
    with program.open("rb") as file:
        machine = elf_machine(file)
    if machine != MACHINES[platform]:
        raise PackageError(
            f"base for {platform}: expected {interpreter} for {MACHINES[platform]}, got "
            f"{machine or 'no ELF program'}",
            "choose a base for this platform",
        )
    release = _found(RELEASE, [program, *_libraries(root, "libpython3*.so*")])
    glibc = _found(GLIBC, _libraries(root, "libc.so.6"))
    if release is None or glibc is None:
        absent = "the version of Python" if release is None else "glibc"
        raise PackageError(
            f"base for {platform}: expected {absent} in its files, got none",
            "choose a base with CPython and glibc",
        )
    version = release[1].decode()
    libc = ".".join(part.decode() for part in glibc.groups())
    python = version.rpartition(".")[0]
    return ProbeResult(
        interpreter=interpreter, said=f"{python} glibc {libc} {version} as its files say\n"
    )


def _libraries(root: Path, pattern: str) -> list[Path]:
    """Files of the folders of libraries; links are followed inside ``root`` only."""
    names = {
        resolve_inside(root, f"/{path.relative_to(root)}")
        for folder in LIBRARIES
        for path in root.glob(f"{folder}/{pattern}")
    }
    return [root / name.lstrip("/") for name in sorted(filter(None, names))]


def _found(pattern: re.Pattern[bytes], files: Sequence[Path]) -> re.Match[bytes] | None:
    return next(filter(None, (pattern.search(file.read_bytes()) for file in files)), None)


def parse_probe(config: Mapping[str, Any], called: str) -> ProbeResult:
    """The probe in the label of an archived base; raises ``PackageError`` if there is none."""
    try:
        return ProbeResult.model_validate_json(config["config"]["Labels"][BASE_LABEL])
    except (KeyError, TypeError, ValidationError) as error:
        raise PackageError(
            f"{called}: a base from a file runs in containers only, and no engine responds",
            "start Docker, or make a base here with `package base`",
        ) from error
