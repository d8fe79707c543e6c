"""Checks that the shared objects of an image are for its processor; nothing of them runs.

A wheel may bring files for several processors and choose among them (debugpy does). So one for
another processor is refused if Python would import it, or if its wheel has none for the right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name

from packager.environment.platform import MACHINES
from packager.errors import PackageError
from packager.image.layer_contents import NeededLibraries, contents
from packager.image.stack import Stack
from packager.manifest.manifest import Base, Lock

EXTENSION = re.compile(r"\.(cpython-\d+[\w-]*|abi3)\.so$")
"""Endings of the names of extension modules."""


def check_processors(stack: Stack, lock: Lock, base: Base | None) -> None:
    """Raise ``PackageError`` for a wheel, or code of the project, for another processor."""
    above = stack.below[len(base.diff_ids) if base else 0 :]
    libraries = [
        one for layer in (*above, *stack.trees, *stack.worker) for one in contents(layer).loads
    ]
    for owner, objects in _by_owner(libraries):
        filename = _filename(owner, lock)
        pure = filename is not None and filename.endswith("-any.whl")
        wrong = foreign(objects, MACHINES[lock.platform], pure=pure)
        if wrong is not None:
            raise PackageError(
                f"{owner}: expected shared objects for {MACHINES[lock.platform]}, as "
                f"{lock.platform} has, got {wrong.file.rpartition('/')[2]} for {wrong.machine}",
                _hint(filename, lock.platform),
            )


def foreign(
    objects: Sequence[NeededLibraries], machine: str, *, pure: bool
) -> NeededLibraries | None:
    """The first of a wheel's ``objects`` that is wrong on ``machine``; None if it can run there.

    ``pure``: the wheel says that it is for any platform.
    """
    others = [one for one in objects if one.machine != machine]
    imported = [other for other in others if EXTENSION.search(other.file)]
    if imported:
        return imported[0]
    return others[0] if others and len(others) == len(objects) and not pure else None


def _by_owner(libraries: Iterable[NeededLibraries]) -> list[tuple[str, list[NeededLibraries]]]:
    owners: dict[str, list[NeededLibraries]] = {}
    for one in libraries:
        owners.setdefault(one.wheel, []).append(one)
    return sorted(owners.items())


def _filename(owner: str, lock: Lock) -> str | None:
    """The locked file of a wheel (``numpy 2.1.0``); None for a layer of other files."""
    name, _, version = owner.rpartition(" ")
    named = (canonicalize_name(name), version)
    return next(
        (wheel.filename for wheel in lock.wheels if (wheel.name, wheel.version) == named), None
    )


def _hint(filename: str | None, platform: str) -> str:
    if filename is None:
        return f"bring a file for {platform} as well, or leave {platform} out"
    return (
        f"{filename} is not what its name says: ask its author for a wheel for {platform}, or take "
        "another index"
    )
