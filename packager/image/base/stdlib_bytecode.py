"""The bytecode of a base's standard library, for bases that come without.

Official images of Python have none. A container can't keep what it compiles, so each process would
compile the library again: 0.4 s of processor time at each start.
"""

from __future__ import annotations

import posixpath
import tempfile
from dataclasses import dataclass
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


@dataclass(frozen=True)
class PlainLibrary:
    """The standard library of a base, without bytecode."""

    tree: StackedFiles
    folder: str
    """The folder of its files."""
    path: str
    """The path that its Python calls ``folder``: a link may be on the way."""
    names: tuple[str, ...]
    """The modules to compile, below ``folder``."""

    def bytecode(self, compiler: Compiler, path: Path) -> Layer:
        """A layer with the bytecode of its modules, written to ``path``."""
        with tempfile.TemporaryDirectory() as top:
            for name in self.names:
                module = Path(top, name)
                module.parent.mkdir(parents=True, exist_ok=True)
                module.write_bytes(self.tree.content(f"{self.folder}/{name}", MAX_MODULE))
            compiler.compile(Path(top), self.path)
            entries = bytecode_entries(Path(top), self.folder.lstrip("/"))
            return plain_layer("base", path, entries)


def plain_library(tree: StackedFiles, interpreter: str, python: str) -> PlainLibrary | None:
    """The standard library of a base with the files of ``tree``.

    ``interpreter`` is its path inside, ``python`` its version (``3.11``). None if the library has
    bytecode, or is not where CPython has it.
    """
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    path = f"{prefix}/lib/python{python}"
    module = tree.resolve(f"{path}/os.py")
    if module is None:
        return None
    folder = posixpath.dirname(module)
    names = [name.removeprefix(f"{folder}/") for name in tree.below(folder)]
    if any(name.startswith("__pycache__/os.") for name in names):
        return None
    modules = (n for n in names if n.endswith(".py") and not LEFT_OUT & {*n.split("/")})
    return PlainLibrary(tree, folder, path, tuple(modules))
