"""Finds the wheels of an environment that work only in one folder.

Python finds modules in any number of folders, and joins the parts of a namespace package (PEP 420).
Wheels need one folder if several hold a part of one regular package (also one that extends its own
path by pkgutil or pkg_resources), if they share a folder of data, or if a shared library of one
searches a folder of another by a path relative to its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ORIGIN = re.compile(r"\$(ORIGIN|\{ORIGIN\})(?=/|$)")
MODULE = re.compile(r"\.(?:py|pyc|(?:[\w-]+\.)?so)$")
INFO = re.compile(r"\.(?:dist-info|egg-info)$")

Parts = Sequence[str]


@dataclass(frozen=True)
class WheelFiles:
    """The files of a wheel, by path below the folder that it was installed into."""

    modules: tuple[str, ...]
    """Files of ``site-packages``, by path below that."""
    libraries: tuple[str, ...]
    """Shared libraries."""
    searched: tuple[tuple[str, tuple[str, ...]], ...]
    """Shared libraries with a search path, and that path."""


class _Sets:
    """Disjoint sets of numbers."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def find(self, one: int) -> int:
        while self._above[one] != one:
            one = self._above[one]
        return one

    def join(self, several: Sequence[int]) -> None:
        tops = sorted({self.find(one) for one in several})
        for top in tops[1:]:
            self._above[top] = tops[0]


def joined(wheels: Sequence[WheelFiles]) -> list[list[int]]:
    """Sets of indexes into ``wheels`` that need one folder, most of them of one, ordered."""
    sets = _Sets(len(wheels))
    _join_modules(
        sets,
        {n: [name.split("/") for name in one.modules] for n, one in enumerate(wheels)},
    )
    _join_libraries(sets, wheels)
    groups: dict[int, list[int]] = {}
    for number in range(len(wheels)):
        groups.setdefault(sets.find(number), []).append(number)
    return list(groups.values())


def _join_modules(sets: _Sets, files: Mapping[int, Sequence[Parts]]) -> None:
    """Join wheels whose ``files`` below one folder of a namespace belong to one module.

    ``files``: wheel → its files by path below that folder.
    """
    by_module: dict[str, dict[int, list[Parts]]] = {}
    for wheel, paths in files.items():
        for parts in paths:
            if parts[0] != "__pycache__" and not INFO.search(parts[0]):
                stem = parts[0] if len(parts) > 1 else MODULE.sub("", parts[0])
                by_module.setdefault(stem, {}).setdefault(wheel, []).append(parts)
    for name, sharing in by_module.items():
        if len(sharing) < 2:
            continue
        if _is_namespace(name, sharing):
            inner = {n: [parts[1:] for parts in paths] for n, paths in sharing.items()}
            _join_modules(sets, inner)
        elif any(_is_more_than_a_file(parts) for paths in sharing.values() for parts in paths):
            sets.join([*sharing])


def _is_namespace(name: str, sharing: Mapping[int, Sequence[Parts]]) -> bool:
    """Whether ``name`` is a package without ``__init__`` in every wheel that has it."""
    return name.isidentifier() and all(
        len(parts) > 1 and not (len(parts) == 2 and MODULE.sub("", parts[1]) == "__init__")
        for paths in sharing.values()
        for parts in paths
    )


def _is_more_than_a_file(parts: Parts) -> bool:
    """Whether it is a module or lies in a folder; a text at the top is nobody's."""
    return len(parts) > 1 or MODULE.search(parts[0]) is not None


def _join_libraries(sets: _Sets, wheels: Sequence[WheelFiles]) -> None:
    """Join wheels of which one searches a folder for libraries that another puts there."""
    holders: dict[str, set[int]] = {}
    for number, wheel in enumerate(wheels):
        for library in wheel.libraries:
            holders.setdefault(posixpath.dirname(library), set()).add(number)
    for number, wheel in enumerate(wheels):
        for library, search in wheel.searched:
            for entry in search:
                if ORIGIN.match(entry):
                    rest = ORIGIN.sub("", entry).lstrip("/")
                    folder = posixpath.normpath(f"{posixpath.dirname(library)}/{rest}")
                    sets.join([number, *holders.get(folder, ())])
