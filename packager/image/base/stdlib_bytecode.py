"""The bytecode of a base's standard library, for bases that come without.

Official images of Python have none. A container can't keep what it compiles, so each process would
compile the library again: some two seconds of processor time at each start.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from packager.image.bytecode import Compiler, bytecode_entries
from packager.image.layers import Layer, plain_layer
from packager.image.rootfs import resolve_inside

LEFT_OUT = frozenset(
    (
        "site-packages",
        "dist-packages",
        "test",
        "tests",
        "idlelib",
        "lib2to3",
        "turtledemo",
        "ensurepip",
    )
)
"""Folders that no server imports, and those of other packages."""


def stdlib_bytecode(
    root: Path, interpreter: str, python: str, compiler: Compiler, path: Path
) -> Layer | None:
    """A layer at ``path`` with the bytecode of the standard library of a base.

    ``root`` has the base's files. ``interpreter`` is its path inside, ``python`` its version
    (``3.11``). None if the library has bytecode, or is not where CPython has it.
    """
    prefix = os.path.dirname(os.path.dirname(interpreter))
    known = f"{prefix}/lib/python{python}"
    found = resolve_inside(root, f"{known}/os.py")
    if found is None:
        return None
    inside = os.path.dirname(found).lstrip("/")
    if any((root / inside / "__pycache__").glob("os.*.pyc")):
        return None
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        for module in _modules(root / inside):
            place = tree / module.relative_to(root / inside)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(module, place, follow_symlinks=False)
        compiler.compile(tree, known)
        return plain_layer("base", path, bytecode_entries(tree, inside))


def _modules(library: Path) -> Iterable[Path]:
    for folder, folders, names in os.walk(library):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(".py") and not path.is_symlink():
                yield path
