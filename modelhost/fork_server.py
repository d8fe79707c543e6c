"""``python -m modelhost fork``: imports libraries once, and forks a process of ``work`` when asked.

To import pandas and scikit-learn costs over a second of processor time. A process that is forked
has them already and nothing else: no module of the project, no file but the standard streams. It
is confined as asked before it runs the project's code, and the kernel confines this process before
it imports a library.

``MODELHOST_LIBRARIES`` lists the modules to import, as JSON. Each request on the socket
``MODELHOST_FD`` (``SOCK_SEQPACKET``) is the text of a confinement with three descriptors: the
connection to the harness, stderr, and a socket that gets a ``NOTICE`` of the process id and, when
the process has ended, one of its exit code.
"""

from __future__ import annotations

import array
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Mapping, Sequence

LIBRARIES = "MODELHOST_LIBRARIES"
SAFE_BEFORE_FORK = ("numpy", "scipy", "pandas", "sklearn", "joblib")
"""Libraries whose import starts no thread that a forked process would miss. (The threads of
OpenBLAS are started again in the process.)"""
NOTICE = struct.Struct("!cq")
STARTED, ENDED = b"s", b"e"
"""Kinds of notices on the socket of a process: its id, its exit code."""
MAX_REQUEST = 1 << 17
DESCRIPTORS = 3

Work = Callable[[socket.socket, str], int]
"""Confine this process and answer requests; the exit code."""


def preloadable(modules: Mapping[str, ModuleType]) -> list[str]:
    """The names of ``modules`` that belong to ``SAFE_BEFORE_FORK``, in the order of their import.

    Modules that are not files of an installed library are left out.
    """
    return [
        name
        for name, module in list(modules.items())
        if _is_safe(name) and getattr(module, "__file__", None)
    ]


def _is_safe(name: str) -> bool:
    return name.partition(".")[0] in SAFE_BEFORE_FORK


def serve_forks(channel: socket.socket, work: Work) -> int:
    """Answer requests until the harness closes ``channel``; the libraries are imported."""
    gc.collect()
    gc.freeze()  # a collection in a forked process leaves the shared pages as they are
    woken, waking = os.pipe()
    for one in (woken, waking):
        os.set_blocking(one, False)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    while True:
        readable: list[Any] = [channel, woken]
        ready = select.select(readable, [], [])[0]
        if woken in ready:
            os.read(woken, MAX_REQUEST)
            _report_ended(running)
        if channel in ready:
            text, descriptors = _receive(channel)
            if len(descriptors) != DESCRIPTORS:
                return 0
            ours = os.getpid()
            try:
                child = os.fork()
            except OSError as error:  # the harness starts an interpreter in its place
                sys.stderr.write(f"no process can be forked: {error}\n")
                for number in descriptors:
                    os.close(number)
                continue
            if child == 0:
                for open_socket in (channel, *running.values()):
                    open_socket.close()
                for number in (woken, waking):
                    os.close(number)
                _become(ours, descriptors, text, work)
            connection, notices, status = descriptors
            os.close(connection)
            os.close(notices)
            running[child] = socket.socket(fileno=status)


def preload(names: Sequence[str]) -> None:
    """Import the modules ``names`` of ``SAFE_BEFORE_FORK``; they come from the project's process.

    The project's folder, which is the working directory, is not searched. Writes a line to stderr
    for a module that can't be imported.
    """
    project = Path.cwd().resolve()
    searched = list(sys.path)
    paths = [Path(path).resolve() for path in searched]
    within = [project in (path, *path.parents) for path in paths]
    sys.path[:] = [path for path, hidden in zip(searched, within) if not hidden]
    try:
        for name in filter(_is_safe, names):
            try:
                importlib.import_module(name)
            except ImportError as error:  # the process that needs it reports it
                sys.stderr.write(f"not imported before a fork: {name}: {error}\n")
    finally:
        sys.path[:] = searched
    importlib.invalidate_caches()


def _receive(channel: socket.socket) -> tuple[str, list[int]]:
    """A request and its descriptors; without descriptors when there will be none."""
    numbers = array.array("i")
    room = socket.CMSG_SPACE(DESCRIPTORS * numbers.itemsize)
    content, ancillary, _, _ = channel.recvmsg(MAX_REQUEST, room)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return content.decode(), list(numbers)


def _report_ended(running: dict[int, socket.socket]) -> None:
    for child in list(running):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            with running.pop(child) as pipe:
                _write_status(pipe, ENDED, code)


def _write_status(status: socket.socket, kind: bytes, number: int) -> None:
    try:
        status.sendall(NOTICE.pack(kind, number))
    except OSError:
        return  # the harness no longer waits for it


def _become(parent: int, descriptors: Sequence[int], confinement: str, work: Work) -> None:
    """Be a process of ``work``, and end."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection, notices, status = descriptors
        os.setsid()
        with socket.socket(fileno=status) as starter:
            _write_status(
                starter, STARTED, os.getpid()
            )  # only now does a signal to its session reach it
        for number in (1, 2):
            os.dup2(notices, number)
        os.close(notices)
        for words in (sys.argv, getattr(sys, "orig_argv", [])):
            words[-1:] = ["work"]
        os.environ["MODELHOST_PARENT"] = str(parent)
        if "numpy.random" in sys.modules:  # forked processes would all draw the same numbers
            sys.modules["numpy.random"].seed()
        code = work(socket.socket(fileno=connection), confinement)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):  # the model has closed it
                stream.flush()
        os._exit(code)
