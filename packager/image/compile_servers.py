"""Interpreters that compile modules from memory: one start for many trees, no files on the disk.

Each tree is compiled in a child that the interpreter forks, so by a process in the state of a new
one: other live objects can change the bytes of a ``.pyc``.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from packager.errors import PackageError

SERVE_MARK = "-"
"""The argument with which the script of ``bytecode.COMPILE`` reads modules from its stdin."""
LENGTH_BYTES = 8
END_SECONDS = 10.0


class CompileServers:
    """Interpreters that run a script of ``bytecode``; as many as compile at the same time."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        failed: tuple[str, str],
        directory: Path | None = None,
    ) -> None:
        """``command`` starts one; ``failed``: the error's beginning and its hint."""
        self._command, self._environment = command, environment
        self._failed, self._directory = failed, directory
        self._idle: SimpleQueue[_Server] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while True:
            try:
                self._idle.get_nowait().end()
            except Empty:
                return

    def compile(self, modules: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
        """The bytecode of ``modules`` by its path; both paths are below ``prefix``.

        A module that does not compile has none. Raises ``PackageError`` if the interpreter fails.
        """
        try:
            server = self._idle.get_nowait()
        except Empty:
            server = _Server(self._command, self._environment, self._directory)
        try:
            bytecode = server.compile(modules, prefix)
        except (OSError, EOFError) as error:
            output = server.end()
            message, hint = self._failed
            raise PackageError(f"{message}: {output[-500:]}", hint) from error
        except BaseException:
            server.end()
            raise
        self._idle.put(server)
        return bytecode


class _Server:
    """One interpreter."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path | None
    ) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # ``end`` closes it
        self._process = subprocess.Popen(
            [*command, SERVE_MARK],
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def compile(self, modules: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
        """As ``CompileServers.compile``; raises ``OSError`` or ``EOFError`` if it has ended."""
        writer = self._process.stdin
        assert writer is not None
        names = sorted(modules, key=walk_order)
        parts: list[bytes] = []
        for name in names:
            for part in (os.fsencode(f"{prefix}/{name}"), modules[name]):
                parts += (len(part).to_bytes(LENGTH_BYTES, "little"), part)
        writer.write(sum(map(len, parts)).to_bytes(LENGTH_BYTES, "little"))
        writer.writelines(parts)
        writer.flush()
        tag = self._read().decode()
        bytecode = {name: self._read() for name in names}
        return {bytecode_path(name, tag): content for name, content in bytecode.items() if content}

    def _read(self) -> bytes:
        size = int.from_bytes(self._exactly(LENGTH_BYTES), "little")
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        reader = self._process.stdout
        assert reader is not None
        content = reader.read(size)
        if len(content) < size:
            raise EOFError
        return content

    def end(self) -> str:
        """End it; return what it wrote to stderr."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # it ended before it read everything
                continue
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._said:
            self._said.seek(0)
            return self._said.read().decode(errors="replace").strip()


def walk_order(name: str) -> list[tuple[bool, str]]:
    """Sorts paths as ``os.walk`` meets files: those of a folder before those of its folders."""
    *folders, file = name.split("/")
    return [*((True, folder) for folder in folders), (False, file)]


def bytecode_path(module: str, tag: str) -> str:
    """The path of Python's bytecode of ``module``; ``tag`` names its version."""
    folder, slash, name = module.rpartition("/")
    return f"{folder}{slash}__pycache__/{name.removesuffix('.py')}.{tag}.pyc"
