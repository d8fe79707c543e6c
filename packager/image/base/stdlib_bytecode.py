"""The bytecode of a base's standard library, for bases that come without.

Official images of Python have none. A container can't keep what it compiles, so each process would
compile the library again: some two seconds of processor time at each start.
"""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

from packager.image.bytecode import Compiler, bytecode_entries
from packager.image.layers import Layer, plain_layer
from packager.image.stacked_files import StackedFiles

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
MAX_MODULE = 16 * 1024**2
"""Bytes of a module."""


def stdlib_bytecode(
    tree: StackedFiles, interpreter: str, python: str, compiler: Compiler, path: Path
) -> Layer | None:
    """A layer at ``path`` with the bytecode of the standard library of a base.

    ``tree`` has the base's files. ``interpreter`` is its path inside, ``python`` its version
    (``3.11``). None if the library has bytecode, or is not where CPython has it.
    """
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    known = f"{prefix}/lib/python{python}"
    module = tree.resolve(f"{known}/os.py")
    if module is None:
        return None
    inside = posixpath.dirname(module)
    names = [name.removeprefix(f"{inside}/") for name in tree.below(inside)]
    if any(name.startswith("__pycache__/os.") for name in names):
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if name.endswith(".py") and not LEFT_OUT & {*name.split("/")}:
                place = Path(folder, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(tree.content(f"{inside}/{name}", MAX_MODULE))
        compiler.compile(Path(folder), known)
        return plain_layer("base", path, bytecode_entries(Path(folder), inside.lstrip("/")))
