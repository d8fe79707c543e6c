"""``python warm_server.py DESCRIPTOR KIND``: forks processes that have their libraries.

DESCRIPTOR is a socket that accepts connections, one of each process that runs tests.

To import them costs most of the processor time of a small process of the worker or of the model
host, and of the command. A request names a module to run as ``python -m`` does, with its arguments,
variables, folder and open files. A server of the kind ``packager.cli`` has imported ``packager``
too, one of ``serving`` what a server imports whatever its variables, the others the worker and the
model host; a process of the model host has nothing of this project but what it imports itself.
``warm_processes`` is the other end.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any

MAX_DESCRIPTORS = 16
IDLE_SECONDS = 20.0
"""The server ends so long after its last connection: another part of the tests may begin."""
READY = b"!"
"""The first byte of the server on each connection."""
FIRST_HIGH = 500
"""Descriptors from here on are no target of a request."""
PARENT = "MODELHOST_PARENT"
COMMAND = "packager.cli"
SERVING = "serving"
HOST = "modelhost"
NOT_THE_HOST = ("monitoring", "packager", "serving")
NOT_THE_COMMAND = ("packager.worker", "packager.project.templates")
OF_SERVERS = ("serving", "monitoring", "packager.manifest", "packager.model")
NOT_THE_SERVER = ("serving.processes.early_end", "serving.service")
"""Modules that act, or read a variable, when they are imported."""
NOT_YET = frozenset({"bentoml", "pandas", "prometheus_client", "scipy", "sklearn"})
"""Libraries that a server imports after it has set variables, or not at all."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def main(accepting: socket.socket, kind: str) -> None:
    """Answer requests until every process that connected has ended."""
    if kind == SERVING:
        import_server()
    else:
        import_libraries(command=kind == COMMAND)
    gc.collect()
    gc.freeze()
    channels: list[socket.socket] = []
    while True:
        ready = select.select([accepting, *channels], [], [], IDLE_SECONDS)[0]
        if not ready and not channels:
            return
        for one in ready:
            if one is accepting:
                channels.append(accepting.accept()[0])
                channels[-1].sendall(READY)
            elif not take(one, [accepting, *channels]):
                one.close()
                channels.remove(one)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def import_libraries(*, command: bool) -> None:
    """Import what a command, or else a worker and a model process, has in common with others."""
    import docker  # noqa: F401
    import installer  # noqa: F401
    import numpy  # noqa: F401
    import packaging.requirements  # noqa: F401
    import pandas  # noqa: F401
    import pathspec  # noqa: F401
    import pydantic  # noqa: F401
    import requests  # noqa: F401
    import rich.console  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.pipeline
    import sklearn.preprocessing
    import sklearn.tree  # noqa: F401
    import typer.main  # noqa: F401
    import uv  # noqa: F401

    if command:
        importlib.import_module("packager.cli.commands")
        import_all("packager", NOT_THE_COMMAND)
    else:
        import_all("modelhost")
        import_all("packager.worker")


class NotYet:
    """A finder that lets no library of ``NOT_YET`` be imported."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in NOT_YET:
            raise ImportError(f"{name} is not imported before the server has its variables")


def import_server() -> None:
    """Import what a server does before it forks: not what needs a library of ``NOT_YET``."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    import numpy  # noqa: F401
    import uvicorn  # noqa: F401
    import uvloop  # noqa: F401

    sys.meta_path.insert(0, NotYet())
    for name in OF_SERVERS:
        import_all(name, NOT_THE_SERVER, errors=ImportError)
    del sys.meta_path[0]


def import_all(
    name: str, left_out: tuple[str, ...] = (), errors: type[Exception] | tuple[()] = ()
) -> None:
    """Import what a process imports as it needs it; that costs a third to half a second.

    Modules that raise one of ``errors`` are left out.
    """
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not found.name.startswith(left_out) and not found.name.endswith("__main__"):
            with contextlib.suppress(errors):
                importlib.import_module(found.name)


def take(channel: socket.socket, of_this_process: Sequence[socket.socket]) -> bool:
    """Fork what watches the next process that is asked for; False if none will be.

    It has none of the sockets ``of_this_process``.
    """
    _, received, _, _ = socket.recv_fds(channel, 1, 1)
    if not received:
        return False
    with socket.socket(fileno=received[0]) as connection:
        if os.fork() == 0:
            for one in of_this_process:
                one.close()
            watch(connection)
    return True


def watch(connection: socket.socket) -> None:
    """Fork the process that ``connection`` asks for; write its pid, and its status when it ends.

    It is killed with all of its group when the other end closes the connection. What it asks for
    itself is forked as well.
    """
    length, open_files, _, _ = socket.recv_fds(connection, 8, MAX_DESCRIPTORS)
    with connection.makefile("rb") as reader:
        request = json.loads(reader.read(int.from_bytes(length, "big")))
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        connection.close()
        become(request, open_files, theirs)
    theirs.close()
    for descriptor in open_files:
        os.close(descriptor)
    connection.sendall(child.to_bytes(8, "big"))
    ended, watched = os.pidfd_open(child), [connection, ours]
    while ended not in (ready := select.select([*watched, ended], [], [])[0]):
        if connection in ready:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if request["session"] else os.kill)(child, signal.SIGKILL)
            watched = []
        elif not take(ours, [ours]):
            watched = [connection]
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        code = os.waitstatus_to_exitcode(status)
        connection.sendall(code.to_bytes(8, "big", signed=True))
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    os._exit(0)


def become(request: dict[str, Any], open_files: Sequence[int], channel: socket.socket) -> None:
    """Run the request's module in this process, and exit as Python does."""
    high = fcntl.fcntl(channel.detach(), fcntl.F_DUPFD_CLOEXEC, FIRST_HIGH)
    arrange(request["descriptors"], open_files)
    if request["session"]:
        os.setsid()
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["variables"])
    if PARENT in os.environ:
        os.environ[PARENT] = str(os.getppid())
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    searched = os.environ.get("PYTHONPATH", "")
    # A program that pip installs does not import from the current folder, as ``python -m`` does.
    first = [] if request["module"] == COMMAND else [request["directory"]]
    sys.path[:0] = [*first, *filter(None, searched.split(os.pathsep))]
    sys.argv = ["-m", *request["arguments"]]
    sys.orig_argv = [sys.executable, "-m", request["module"], *request["arguments"]]
    sys.modules["numpy"].random.seed()
    sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]  # of the variables
    if request["module"] == HOST:  # which imports nothing of the rest of this project
        for name in [name for name in sys.modules if name.partition(".")[0] in NOT_THE_HOST]:
            del sys.modules[name]
    code = 1
    try:
        if request["module"] == "packager.worker":
            let_start_warm(high)
        else:
            os.close(high)
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        else:
            code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)


def let_start_warm(channel: int) -> None:
    """Have the harness in this process ask for its processes on ``channel``."""
    sys.path.append(os.path.dirname(__file__))
    import warm_processes

    sys.path.pop()
    early = warm_processes.read_early(os.environ)
    warm_processes.channels[warm_processes.WORKER, early] = socket.socket(fileno=channel)
    for name in warm_processes.STARTING:
        vars(importlib.import_module(name))["subprocess"] = warm_processes.WarmSubprocess()


def arrange(targets: Sequence[int], open_files: Sequence[int]) -> None:
    """Give the received ``open_files`` the numbers of ``targets``, and close all others."""
    high = [fcntl.fcntl(one, fcntl.F_DUPFD, FIRST_HIGH) for one in open_files]
    for one in range(FIRST_HIGH):
        if one not in targets:
            with contextlib.suppress(OSError):
                os.close(one)
    for one, target in zip(high, targets, strict=True):
        os.dup2(one, target, inheritable=True)
        os.close(one)


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
