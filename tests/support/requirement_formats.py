"""Locks that the real tools wrote (fewer wheels, other hosts), and the target they are read for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from packager.environment.formats.selection import DependencySelection
from packager.environment.platform import WheelTarget

LOCKS = Path(__file__).parents[1] / "packager" / "environment" / "formats" / "locks"
TARGET = WheelTarget("3.11", "linux/amd64", (2, 36))


def wanted(*extras: str, groups: tuple[str, ...] = (), python: str = "3.11") -> DependencySelection:
    """The project with ``extras`` and ``groups``, for CPython ``python`` on Linux."""
    return DependencySelection(WheelTarget(python, "linux/amd64", (2, 36)), extras, groups)


def locked(name: str) -> dict[str, Any]:
    """The content of ``LOCKS / name``."""
    return tomllib.loads((LOCKS / name).read_text(encoding="utf-8"))


def pins(lines: list[str]) -> list[str]:
    """``NAME==VERSION`` of each line, without its hashes."""
    return [line.partition(" --hash")[0] for line in lines]
