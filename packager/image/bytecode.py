"""``.pyc`` files made by the base's own interpreter, without changing the base.

On Linux with the same processor architecture, the base's interpreter runs from its unpacked files
through the base's own loader; elsewhere it runs in a container of the base. Both produce the same
bytes (PEP 552, unchecked hash).
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from packager.environment.programs import isolated_python
from packager.errors import PackageError
from packager.image.layers import Entry, tree_entries, write_members
from packager.image.rootfs import resolve_inside
from packager.tar_reader import TarReader, plain_tar

# One fresh process per tree, files in sorted order: other live objects of the interpreter can
# change the marshalled bytes. A file that does not compile (a template, Python 2) gets no ``.pyc``.
COMPILE = """
import os, sys, py_compile
tree, prefix = sys.argv[1:]
for folder, folders, names in os.walk(tree):
    folders.sort()
    for name in sorted(names):
        path = os.path.join(folder, name)
        # Debian's sitecustomize.py is a link to a file of /etc, here of another system.
        if name.endswith(".py") and not os.path.islink(path):
            shown = prefix + path[len(tree):]
            cached = os.path.join(
                folder, "__pycache__", f"{name[:-3]}.{sys.implementation.cache_tag}.pyc")
            try:
                py_compile.compile(path, cached, shown, doraise=True, optimize=0,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            except (py_compile.PyCompileError, ValueError):
                pass
"""
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
CLEAN_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Compiler(Protocol):
    """Compiles bytecode; ``identity`` is a content digest of the interpreter, for cache keys."""

    @property
    def identity(self) -> str:
        """Content digest of the interpreter, for cache keys."""

    def compile(self, tree: Path, prefix: str) -> None:
        """Write ``__pycache__`` next to every module below ``tree``.

        The bytecode records ``prefix`` in place of ``tree`` as the modules' path.
        """


def bytecode_entries(tree: Path, prefix: str) -> list[Entry]:
    """The bytecode that was compiled below ``tree``, as entries under ``prefix``."""
    return [entry for entry in tree_entries(tree, prefix) if entry.name.endswith(".pyc")]


class LoaderCompiler:
    """The interpreter of an unpacked base, started through the base's own loader."""

    def __init__(self, root: Path, python: str, identity: str) -> None:
        self.identity = identity
        home = root / python.lstrip("/").rsplit("/", 2)[0]
        loader = next(filter(None, (resolve_inside(root, name) for name in LOADERS)), None)
        if loader is None:
            raise PackageError(
                f"base {root}: expected a glibc loader, got none", "use a base with glibc"
            )
        folders = [*root.glob("lib/*-linux-gnu"), *root.glob("usr/lib/*-linux-gnu")]
        folders += [root / "usr/local/lib", root / "usr/lib", root / "lib"]
        self._command = [
            str(root / loader.lstrip("/")),
            "--library-path",
            ":".join(str(folder) for folder in folders),
            str(root / python.lstrip("/")),
        ]
        self._environment = {**CLEAN_ENVIRONMENT, "PYTHONHOME": str(home)}

    def output(self, script: str, *arguments: str) -> str:
        """Run ``script`` with the base's interpreter and return its standard output.

        Raises ``PackageError`` if it exits with an error.
        """
        done = subprocess.run(
            [*self._command, "-S", "-B", "-c", script, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PackageError(
                f"the base's interpreter failed: {done.stderr.strip()[-500:]}",
                "check that the base holds a working Python",
            )
        return done.stdout

    def compile(self, tree: Path, prefix: str) -> None:
        """Write ``__pycache__`` next to every module below ``tree``; see ``Compiler.compile``."""
        self.output(COMPILE, str(tree), prefix)


class HostCompiler:
    """The interpreter that runs this program, for a base with the same Python version."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def compile(self, tree: Path, prefix: str) -> None:
        """Write ``__pycache__`` next to every module below ``tree``; see ``Compiler.compile``."""
        command = isolated_python("-S", "-B", "-c", COMPILE, str(tree), prefix)
        done = subprocess.run(
            command, cwd=tree, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PackageError(
                f"this Python failed to compile: {done.stderr.strip()[-500:]}",
                "start Docker, so that the base's own interpreter does it",
            )


class ContainerCompiler:
    """The interpreter of a base, run in a container without a network."""

    def __init__(self, run: Callable[[Sequence[str], IO[bytes]], bytes], identity: str) -> None:
        self.identity = identity
        self._run = run

    def compile(self, tree: Path, prefix: str) -> None:
        """Write ``__pycache__`` next to every module below ``tree``; see ``Compiler.compile``."""
        with tempfile.TemporaryFile() as file:
            write_members(file, [Entry("tree"), *tree_entries(tree, "tree")])
            file.seek(0)
            answer = self._run(["python3", "-S", "-B", "-c", COMPILE, "/tree", prefix], file)
        compiled = TarReader(io.BytesIO(answer), plain_tar("bytecode"))
        modules = {path.relative_to(tree).with_suffix("") for path in tree.rglob("*.py")}
        for info in compiled:
            name = PurePosixPath(info.name).relative_to("tree")
            # The output of a base is untrusted: accept only bytecode next to a module of ``tree``.
            beside = name.parent.parent / name.name.partition(".")[0]
            if info.isreg() and name.suffix == ".pyc" and Path(beside) in modules:
                place = tree / name
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(b"".join(compiled.chunks(info)))
