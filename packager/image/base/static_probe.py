"""Reads which Python a base has from its files; nothing of the base is run.

A false file gives a base that does not work. It runs nothing on this machine.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from packager.environment.platform import MACHINES
from packager.errors import PackageError
from packager.image.base.probe import ProbeResult
from packager.image.elf import elf_machine, read_elf
from packager.image.rootfs import find_python
from packager.image.stacked_files import StackedFiles

MAX_PROGRAM = 256 * 1024**2
"""Bytes of an interpreter or a library of it."""
INTERPRETER = re.compile(r"python(3\.\d+)")
GLIBC = re.compile(rb"GNU C Library [^\n\0]{0,200}version (2\.\d+)")
LIBC_PLACES = (
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
)


def read_probe(tree: StackedFiles, env: Sequence[str], called: str, platform: str) -> ProbeResult:
    """The output that ``PROBE`` would have with the files of ``tree`` and the variables ``env``.

    CPython's release is a text in the interpreter or in its libpython, glibc's in
    ``libc.so.6``. Raises ``PackageError`` if they can't be read, or if the interpreter is for
    another processor than ``platform``.
    """
    interpreter = find_python(tree.resolve, env)
    named = INTERPRETER.fullmatch(interpreter.rpartition("/")[2])
    if named is None:
        raise _unknown(
            called, f"a python3 that leads to a file called like python3.11, got {interpreter}"
        )
    machine = elf_machine(io.BytesIO(tree.content(interpreter, MAX_PROGRAM)))
    if machine and machine != MACHINES.get(platform):
        raise PackageError(
            f"base {called}: expected {interpreter} for {MACHINES.get(platform)}, got {machine}",
            f"choose a base for {platform}",
        )
    release = _release(tree, interpreter, named[1], env)
    if release is None:
        raise _unknown(
            called, f"one release of Python {named[1]} in {interpreter}, got none or several"
        )
    libc = next(filter(None, map(tree.resolve, LIBC_PLACES)), None)
    glibc = GLIBC.search(tree.content(libc, MAX_PROGRAM)) if libc else None
    if glibc is None:
        raise _unknown(called, "glibc, got none")
    output = f"{named[1]} glibc {glibc[1].decode()} {release} as read from its files"
    return ProbeResult(interpreter=interpreter, said=output)


def _release(tree: StackedFiles, interpreter: str, python: str, env: Sequence[str]) -> str | None:
    """``3.11.7``: the text of ``sys.version``, which may be the end of a longer one.

    Official images also name it in PYTHON_VERSION, which decides between several.
    """
    contents = (tree.content(path, MAX_PROGRAM) for path in _interpreter_files(tree, interpreter))
    releases = {release for content in contents for release in releases_in(content, python)}
    release_text = next(
        (entry.partition("=")[2] for entry in env if entry.startswith("PYTHON_VERSION=")), ""
    )
    return (
        release_text if release_text in releases else releases.pop() if len(releases) == 1 else None
    )


def releases_in(program: bytes, python: str) -> set[str]:
    """The releases of ``python`` (``3.11``) that an interpreter or its library has as text."""
    text = re.compile(rb"(?<![\d.])" + re.escape(python).encode() + rb"\.\d+(?=\0)")
    return {release.decode() for release in text.findall(program)}


def _interpreter_files(tree: StackedFiles, interpreter: str) -> Iterator[str]:
    """The interpreter, and the libpython that it loads, if it does."""
    yield interpreter
    elf = read_elf(io.BytesIO(tree.content(interpreter, MAX_PROGRAM)))
    needed, search = ((), ()) if elf is None else (elf.needed, elf.search)
    above = interpreter.rpartition("/")[0]
    folders = [path.replace("${ORIGIN}", above).replace("$ORIGIN", above) for path in search]
    folders += [f"{above}/../lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
    for name in needed:
        if name.startswith("libpython"):
            paths = (tree.resolve(f"{folder}/{name}") for folder in folders)
            yield from [target for target in paths if target][:1]


def _unknown(called: str, expected: str) -> PackageError:
    return PackageError(
        f"base {called}: expected {expected}; without an engine its Python is read from its files",
        "start Docker, which asks the base's Python in a container, or choose another base",
    )
