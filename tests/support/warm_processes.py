"""Starts processes of this project from one that has imported pandas, scikit-learn and others.

``popen`` takes the place of ``subprocess.Popen`` for ``python -m packager.worker`` and ``python -m
modelhost work`` of this interpreter, ``package`` for the command, ``serving`` for ``python -m
serving``. They are processes of their own with their own confinement; only their libraries, and of
the last two the project too, were imported before it. There is a server for each of these kinds and
each set of variables that libraries read when they are imported; parts of ``scripts/test`` share
them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any

SERVER = Path(__file__).with_name("warm_server.py")
READ_EARLY = (
    "BLIS_", "FLEXIBLAS_", "GLIBC_", "GOMP_", "KMP_", "LC_", "LD_", "MALLOC_", "MKL_", "NPY_",
    "NUMEXPR_", "OMP_", "OPENBLAS_", "PYTHON", "TZ",
)  # fmt: skip
"""Beginnings of variables that Python or a library reads when it starts."""
ANYWHERE = (
    "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED",
    "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK",
)  # fmt: skip
"""Variables of them that a forked process follows, or that change no result.

scikit-learn sets the last two when it is imported, here as in each forked process.
"""
MODULES = ("packager.worker", "modelhost")
COMMAND = "packager.cli"
SERVING = "serving"
WORKER = "worker"
PROGRAM = Path(sys.executable).parent / "package"
STARTING = ("packager.model.host_process", "packager.worker.processes.run_to_end")
"""Modules of this project that start them."""


class WarmProcess:
    """A forked process, with what is used here of ``subprocess.Popen``."""

    def __init__(self, connection: socket.socket, pid: int, piped: Mapping[str, IO[str]]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = piped.get("stdout"), piped.get("stderr")
        self._connection = connection
        self._ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        status = b""
        while len(status) < 8 and (part := self._connection.recv(8 - len(status))):
            status += part
        assert len(status) == 8, "the server of warm processes has ended"
        self.returncode = int.from_bytes(status, "big", signed=True)
        self._connection.close()
        self._ended.set()

    def poll(self) -> int | None:
        """As of ``Popen``."""
        return self.returncode if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """As of ``Popen``."""
        if not self._ended.wait(timeout):
            assert timeout is not None
            raise subprocess.TimeoutExpired("a warm process", timeout)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As of ``Popen``."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As of ``Popen``."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """The output on both pipes until it ends, which is to be within ``timeout`` seconds."""
        assert self.stdout is not None
        assert self.stderr is not None
        with ThreadPoolExecutor(1) as pool, self.stdout, self.stderr:
            said = pool.submit(self.stderr.read)
            out = self.stdout.read()
            self.wait(timeout)
            return out, said.result()


channels: dict[tuple[str, tuple[tuple[str, str], ...]], socket.socket] = {}
"""Kind, and variables that are read early → the connection to a server that has read them."""
servers: list[int] = []
"""The servers that this process has started."""
sharing = True
"""Whether servers of other parts of ``scripts/test`` are used; costs could not be told apart."""
startable: list[Mapping[str, str]] = []
"""Variables beside this process's own for which a server is started; if empty, none is."""


def read_early(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that matter before a forked process can set its own."""
    return tuple(
        (name, value)
        for name, value in sorted(variables.items())
        if name.startswith(READ_EARLY) and name not in ANYWHERE
    )


AT_START = {**os.environ}


def _channel(
    kind: str, variables: Mapping[str, str], usual: Sequence[Mapping[str, str]]
) -> socket.socket | None:
    """The connection to the server for ``variables``, which is started if they are ``usual``."""
    early = read_early(variables)
    if (kind, early) not in channels and early in map(read_early, usual):
        folder = AT_START.get("MODEL_PACKAGER_SHARED") if sharing else None
        start = partial(_started, kind, early)
        if folder is None:
            channels[kind, early] = _connected(start())
        else:
            name = hashlib.sha256(repr((kind, early)).encode()).hexdigest()
            channels[kind, early] = _shared(Path(folder, f"warm-{name}"), start)
    return channels.get((kind, early))


def _shared(record: Path, start: Callable[[], bytes]) -> socket.socket:
    """A connection to the server whose address ``record`` has, or to a new one."""
    with record.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if address := record.read_bytes():
            with suppress(OSError):  # it has ended
                return _connected(address)
        address = start()
        record.write_bytes(address)
        return _connected(address)


def _started(kind: str, early: Sequence[tuple[str, str]]) -> bytes:
    """The address, which is no file, of a new server."""
    with socket.socket(socket.AF_UNIX) as accepting:
        accepting.bind(b"")
        accepting.listen()
        started = subprocess.Popen(
            [sys.executable, SERVER, str(accepting.fileno()), kind],
            env={"PATH": os.environ["PATH"], **dict(early)},
            pass_fds=[accepting.fileno()],
            stdin=subprocess.DEVNULL,
        )
        servers.append(started.pid)
        address: bytes = accepting.getsockname()
        return address


def _connected(address: bytes) -> socket.socket:
    """A connection to the server at ``address``, once it has its imports."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    if not connection.recv(1):
        raise ConnectionError("the server of warm processes has ended")
    return connection


def popen(command: Sequence[Any], **options: Any) -> Any:
    """As ``subprocess.Popen``, from the server if it can start such a process."""
    words = [str(word) for word in command]
    variables = dict(options.get("env") or os.environ)
    named = words[0] == sys.executable and words[1] == "-m" and words[2] in MODULES
    usual = [{**os.environ, **more} for more in ({}, *startable)] if startable else []
    plain = named and not options.get("preexec_fn")
    channel = _channel(WORKER, variables, usual) if plain else None
    if channel is None:
        return subprocess.Popen(command, **options)
    return _forked(channel, words[2:], variables, options)


def package(arguments: Sequence[str], variables: Mapping[str, str], **options: Any) -> Any:
    """Start the command; in a new interpreter if one of ``variables`` matters when it starts."""
    early = "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"
    same = all(variables.get(name) == AT_START.get(name) for name in early)
    channel = _channel(COMMAND, variables, [AT_START]) if same else None
    if channel is None:
        return subprocess.Popen([PROGRAM, *arguments], env=variables, text=True, **options)
    return _forked(channel, [COMMAND, *arguments], variables, options)


def serving(variables: Mapping[str, str], **options: Any) -> Any:
    """Start ``python -m serving``; in a new interpreter if ``variables`` are not the usual ones."""
    channel = _channel(SERVING, variables, [AT_START])
    if channel is None:
        return subprocess.Popen([sys.executable, "-m", SERVING], env=variables, **options)
    return _forked(channel, [SERVING], variables, options)


def _forked(
    channel: socket.socket,
    words: Sequence[str],
    variables: Mapping[str, str],
    options: dict[str, Any],
) -> WarmProcess:
    with open(os.devnull, "rb+", buffering=0) as nothing:
        files, piped, theirs = {0: nothing.fileno()}, {}, []
        for number, name in ((1, "stdout"), (2, "stderr")):
            to = options.get(name)
            files[number] = number if to is None else nothing.fileno()
            if to == subprocess.STDOUT:
                files[number] = files[1]
            elif to == PIPE:
                reading, files[number] = os.pipe()
                theirs.append(files[number])
                piped[name] = open(reading, encoding="utf-8", errors="replace")  # noqa: SIM115
            elif to not in (None, subprocess.DEVNULL):
                files[number] = to if isinstance(to, int) else to.fileno()
        files |= {number: number for number in options.get("pass_fds", ())}
        request = {
            "module": words[0],
            "arguments": words[1:],
            "variables": variables,
            "directory": os.path.abspath(options.get("cwd") or os.getcwd()),
            "session": bool(options.get("start_new_session")),
            "descriptors": list(files),
        }
        connection, other = socket.socketpair()
        with other:
            socket.send_fds(channel, [b"+"], [other.fileno()])
        content = json.dumps(request).encode()
        socket.send_fds(connection, [len(content).to_bytes(8, "big")], list(files.values()))
        connection.sendall(content)
        for descriptor in theirs:
            os.close(descriptor)
    return WarmProcess(connection, int.from_bytes(connection.recv(8), "big"), piped)


class WarmSubprocess:
    """The module ``subprocess`` with another ``Popen``."""

    Popen = staticmethod(popen)

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)
