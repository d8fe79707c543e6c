"""``.pyc`` files made by the base's own interpreter, without changing the base.

On Linux with the same processor architecture, the base's interpreter runs from its unpacked files
through the base's own loader; elsewhere it runs in a container of the base. Both produce the same
bytes (PEP 552, unchecked hash).

Wheels, runtimes and the standard library are compiled without the columns of each instruction (PEP
657), which only underline parts of a line in tracebacks: 5 % of the bytes of a ``.pyc``. The
project's own code keeps them.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from packager.environment.programs import isolated_python
from packager.errors import PackageError
from packager.image.compile_servers import CompileServers
from packager.image.layers import Entry, tree_entries, write_members
from packager.image.rootfs import resolve_inside
from packager.tar_reader import TarReader, plain_tar

# One fresh process per tree, files in sorted order: other live objects of the interpreter can
# change the marshalled bytes. A file that does not compile (a template, Python 2) gets no ``.pyc``.
# So the names of the second part are of one letter, or exist in every interpreter: an identifier
# of a module that this script has too would be marshalled differently.
COMPILE = """
import os, sys, py_compile
tree, *prefix = sys.argv[1:]
for folder, folders, names in os.walk(tree) if prefix else ():
    folders.sort()
    for name in sorted(names):
        path = os.path.join(folder, name)
        # Debian's sitecustomize.py is a link to a file of /etc, here of another system.
        if name.endswith(".py") and not os.path.islink(path):
            shown = prefix[0] + path[len(tree):]
            cached = os.path.join(
                folder, "__pycache__", f"{name[:-3]}.{sys.implementation.cache_tag}.pyc")
            try:
                py_compile.compile(path, cached, shown, doraise=True, optimize=0,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            except (py_compile.PyCompileError, ValueError):
                pass
import marshal as m
u, r, w = py_compile.importlib.util, sys.stdin.buffer, sys.stdout.buffer
while not prefix and (n := r.read(8)):
    d = r.read(int.from_bytes(n, "little"))
    if os.fork():
        if os.wait()[1]:
            os._exit(1)
        continue
    p, i = [], 0
    while i < len(d):
        j = i + 8
        i = j + int.from_bytes(d[i:j], "little")
        p.append(d[j:i])
    b = [sys.implementation.cache_tag.encode()]
    while p:
        x, y = os.fsdecode(p.pop(0)), p.pop(0)
        try:
            c = compile(y, x, "exec", dont_inherit=True, optimize=0)
        except Exception as e:
            py_compile.PyCompileError(type(e), e, x)
            b.append(b"")
        else:  # PEP 552: a hash of the source that is not checked
            k = u.MAGIC_NUMBER + (1).to_bytes(4, "little") + u.source_hash(y)
            b.append(k + m.dumps(c))
            del c  # as a function's end does: its names are no longer known to the next module
    for x in b:
        w.write(len(x).to_bytes(8, "little") + x)
    w.flush()
    os._exit(0)
"""
WITHOUT_COLUMNS = ("-X", "no_debug_ranges")
"""Options of the interpreter."""
SCRIPT = ("-S", "-B", "-c", COMPILE)
IDENTITY = COMPILE + " ".join(WITHOUT_COLUMNS)
"""What bytecode depends on beside its interpreter."""
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
FAILED = "the base's interpreter failed", "check that the base holds a working Python"
HOST_FAILED = (
    "this Python failed to compile",
    "start Docker, so that the base's own interpreter does it",
)
CLEAN_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


CompileModules = Callable[[Mapping[str, bytes], str], Mapping[str, bytes]]
"""Modules by path, and the prefix of these paths that bytecode records → bytecode by path."""


class Compiler(Protocol):
    """Compiles bytecode; ``identity`` is a content digest of the interpreter, for cache keys."""

    @property
    def identity(self) -> str:
        """Content digest of the interpreter, for cache keys."""

    def compile(self, tree: Path, prefix: str, *, columns: bool = False) -> None:
        """Write ``__pycache__`` next to every module below ``tree``.

        The bytecode records ``prefix`` in place of ``tree`` as the modules' path. ``columns``:
        with the columns of each instruction.
        """

    def opened(self, *, columns: bool = False) -> AbstractContextManager[CompileModules]:
        """Within the block: compiles modules from memory to the same bytes, on several threads.

        ``columns``: as of ``compile``.
        """


def options(*, columns: bool = False) -> tuple[str, ...]:
    """The arguments of an interpreter that compiles."""
    return SCRIPT if columns else (*WITHOUT_COLUMNS, *SCRIPT)


def bytecode_entries(tree: Path, prefix: str) -> list[Entry]:
    """The bytecode that was compiled below ``tree``, as entries under ``prefix``."""
    return [entry for entry in tree_entries(tree, prefix) if entry.name.endswith(".pyc")]


def compiled_entries(
    compile_modules: CompileModules, entries: Iterable[Entry], folder: str
) -> list[Entry]:
    """The bytecode of the modules among ``entries`` that are below ``folder``.

    Their content is ``bytes``.
    """
    top = f"{folder}/"
    modules = {
        entry.name.removeprefix(top): entry.source
        for entry in entries
        if entry.name.startswith(top)
        and entry.name.endswith(".py")
        and isinstance(entry.source, bytes)
    }
    bytecode = compile_modules(modules, f"/{folder}")
    return [Entry(top + name, source=content) for name, content in bytecode.items()]


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
        return self._run(("-S", "-B", "-c", script), *arguments)

    def _run(self, options: Sequence[str], *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *options, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PackageError(f"{FAILED[0]}: {done.stderr.strip()[-500:]}", FAILED[1])
        return done.stdout

    def compile(self, tree: Path, prefix: str, *, columns: bool = False) -> None:
        """Write ``__pycache__`` next to every module below ``tree``; see ``Compiler.compile``."""
        self._run(options(columns=columns), str(tree), prefix)

    @contextmanager
    def opened(self, *, columns: bool = False) -> Iterator[CompileModules]:
        """As ``Compiler.opened``."""
        command = [*self._command, *options(columns=columns)]
        with CompileServers(command, self._environment, FAILED) as servers:
            yield servers.compile


class HostCompiler:
    """The interpreter that runs this program, for a base with the same Python version."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def compile(self, tree: Path, prefix: str, *, columns: bool = False) -> None:
        """Write ``__pycache__`` next to every module below ``tree``; see ``Compiler.compile``."""
        command = isolated_python(*options(columns=columns), str(tree), prefix)
        done = subprocess.run(
            command, cwd=tree, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PackageError(f"{HOST_FAILED[0]}: {done.stderr.strip()[-500:]}", HOST_FAILED[1])

    @contextmanager
    def opened(self, *, columns: bool = False) -> Iterator[CompileModules]:
        """As ``Compiler.opened``."""
        command = isolated_python(*options(columns=columns))
        with (
            tempfile.TemporaryDirectory() as empty,
            CompileServers(command, CLEAN_ENVIRONMENT, HOST_FAILED, Path(empty)) as servers,
        ):
            yield servers.compile


class ContainerCompiler:
    """The interpreter of a base, run in a container without a network."""

    def __init__(self, run: Callable[[Sequence[str], IO[bytes]], bytes], identity: str) -> None:
        self.identity = identity
        self._run = run

    def compile(self, tree: Path, prefix: str, *, columns: bool = False) -> None:
        """Write ``__pycache__`` next to every module below ``tree``; see ``Compiler.compile``."""
        with tempfile.TemporaryFile() as file:
            write_members(file, [Entry("tree"), *tree_entries(tree, "tree")])
            file.seek(0)
            answer = self._run(["python3", *options(columns=columns), "/tree", prefix], file)
        compiled = TarReader(io.BytesIO(answer), plain_tar("bytecode"))
        modules = {path.relative_to(tree).with_suffix("") for path in tree.rglob("*.py")}
        for info in compiled:
            name = PurePosixPath(info.name).relative_to("tree")
            # The output of a base is untrusted: accept only bytecode next to a module of ``tree``.
            beside = name.parent.parent / name.name.partition(".")[0]
            if info.isreg() and name.suffix == ".pyc" and Path(beside) in modules:
                location = tree / name
                location.parent.mkdir(exist_ok=True)
                location.write_bytes(b"".join(compiled.chunks(info)))

    @contextmanager
    def opened(self, *, columns: bool = False) -> Iterator[CompileModules]:
        """As ``Compiler.opened``: each call has a container of its own."""
        yield partial(self._compile_modules, columns=columns)

    def _compile_modules(
        self, modules: Mapping[str, bytes], prefix: str, *, columns: bool
    ) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as name:
            tree = Path(name)
            for inside, source in modules.items():
                (tree / inside).parent.mkdir(parents=True, exist_ok=True)
                (tree / inside).write_bytes(source)
            self.compile(tree, prefix, columns=columns)
            return {
                path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*.pyc")
            }
