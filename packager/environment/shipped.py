"""The lock that this project ships: the wheels of the server and of the harness, with hashes.

It is equal for every package and made by ``make lock-server``; choosing the wheels for a base needs
no resolver and no network.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Literal

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from packager.environment.platform import WheelTarget
from packager.errors import PackageError
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Wheel

ShippedGroup = Literal["server", "grpc", "trees", "harness", "parquet", "issues"]
"""The server; what it needs for a gRPC port, and for compiled trees, without scipy; what trains,
checks and replays; what that needs to read Parquet; the issue tracker."""
PATH = Path(__file__).with_name("shipped.lock.json")
PYTHONS = ("3.11", "3.12", "3.13")
"""Versions of Python that the lock has wheels for."""
PLATFORMS = ("linux/amd64", "linux/arm64")


class ShippedWheel(FrozenModel):
    """A file of a package."""

    filename: str
    sha256: str


class ShippedPackage(FrozenModel):
    """A locked version, with one wheel for each target or one for all."""

    name: str
    version: str
    groups: tuple[ShippedGroup, ...]
    marker: str = ""
    """Environments that need it; empty for all."""
    wheels: tuple[ShippedWheel, ...]

    def applies(self, target: WheelTarget) -> bool:
        """Whether an environment of ``target`` needs it."""
        return not self.marker or Marker(self.marker).evaluate(marker_values(target))

    def best(self, target: WheelTarget) -> ShippedWheel | None:
        """The wheel that fits ``target`` best; None if none fits."""
        ranks = []
        for wheel in self.wheels:
            tag_ranks = [target.tags[tag] for tag in tags(wheel.filename) if tag in target.tags]
            ranks += [(min(tag_ranks), wheel.filename, wheel)] if tag_ranks else []
        return min(ranks)[2] if ranks else None


class ShippedLock(FrozenModel):
    """``shipped.lock.json``."""

    requirements: dict[ShippedGroup, tuple[str, ...]]
    """The extra of pyproject.toml that each group was resolved from."""
    packages: tuple[ShippedPackage, ...]


def marker_values(target: WheelTarget) -> dict[str, str]:
    """Values of environment markers for the first release of the target's Python."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{target.python}.0",
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{target.python}.0",
        "python_version": target.python,
        "sys_platform": "linux",
        "extra": "",
    }


@cache
def shipped_lock() -> ShippedLock:
    """The lock of this installation."""
    return ShippedLock.load(PATH)


def shipped_wheels(groups: Collection[ShippedGroup], target: WheelTarget, base: str) -> list[Wheel]:
    """The wheels of ``groups`` for ``target``, by name.

    Raises ``PackageError``, which names ``base``, if there is none.
    """
    check_python(target, base)
    selected = []
    for package in shipped_lock().packages:
        of = tuple(group for group in package.groups if group in groups)
        if of and package.applies(target):
            wheel = package.best(target)
            if wheel is None:
                raise PackageError(
                    f"{base}: the server needs {package.name} {package.version}, which has no "
                    f"wheel for Python {target.python} on {target.platform} with glibc "
                    f"{target.glibc[0]}.{target.glibc[1]}",
                    "use a newer base: `package base --release trixie`, and build with --base",
                )
            selected.append(
                Wheel(
                    name=package.name,
                    version=package.version,
                    filename=wheel.filename,
                    sha256=wheel.sha256,
                    groups=of,
                )
            )
    return selected


def check_python(target: WheelTarget, base: str) -> None:
    """Raise ``PackageError``, which names ``base``, if the lock has no wheels for its Python."""
    if target.python in PYTHONS:
        return
    held, oldest = tuple(map(int, target.python.split("."))), tuple(map(int, PYTHONS[0].split(".")))
    raise PackageError(
        f"{base}: expected Python {PYTHONS[0]} to {PYTHONS[-1]}, which the server has wheels for, "
        f"got {target.python}, which is too {'old' if held < oldest else 'new'}",
        "make a base with `package base --release bookworm` (Python 3.11) or trixie (3.13), and "
        "build with --base and the name it prints",
    )


@cache
def tags(filename: str) -> frozenset[Tag]:
    """The tags in a wheel's filename."""
    return frozenset(parse_wheel_filename(filename)[3])
