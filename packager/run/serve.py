"""``package serve``: serve a package on 127.0.0.1, in a container or in a local process."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from packager.engine.containers import ServerOptions
from packager.engine.engine import Engine
from packager.engine.usage import Usage, process_tree_usage
from packager.errors import PackageError, UsageError
from packager.image.config import GRPC_INSIDE, PORT
from packager.image.reference import Reference
from packager.progress import Progress
from packager.run.serve_settings import GRPC_PORT, ServeSettings, free_port
from packager.runners.local import check_host, unpacked_package
from packager.runners.server_log import last_lines, startup_error
from packager.worker.processes.run_to_end import start_piped

READY_SECONDS = 120
STOP_SECONDS = 15


class RunningServer(Protocol):
    """A running server."""

    url: str
    started: float
    """``time.monotonic()`` when it was started."""

    def usage(self) -> Usage | None:
        """CPU and memory use of its processes; None if unknown."""

    def alive(self) -> bool:
        """Whether it is running."""

    def follow(self) -> Iterator[str]:
        """Yield its log lines until it ends."""

    def log(self) -> str:
        """Its output so far, if no caller follows its lines."""


@contextmanager
def serving(
    reference: Reference,
    engine: Engine | None,
    port: int,
    progress: Progress,
    settings: ServeSettings = ServeSettings(),
) -> Iterator[RunningServer]:
    """Start the package, wait until it is ready, and stop it when the block ends.

    ``port`` 0 selects a free one. Raises ``PackageError`` with the last log lines if the server
    ends early, or if it is not ready within ``READY_SECONDS``.
    """
    settings = settings.with_grpc(reference.manifest.serve, port)
    for one in (port, settings.grpc_port):
        if one is not None:
            _check_free(one)
    start = (
        _in_process(reference, port, settings)
        if engine is None
        else _in_container(reference, engine, port, progress, settings)
    )
    with start as server:
        _wait_until_ready(server)
        yield server


class ServerProcess:
    """A server in its own process group."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"
        self.started = time.monotonic()

    def usage(self) -> Usage | None:
        """Memory and processor time of the server's processes."""
        return process_tree_usage(self._process.pid)

    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process.poll() is None

    def follow(self) -> Iterator[str]:
        """Yield the lines of its log as they are written."""
        assert self._process.stdout is not None
        yield from (line.rstrip("\n") for line in self._process.stdout)

    def log(self) -> str:
        """Its output since the start, if no caller follows its lines."""
        assert self._process.stdout is not None
        source = self._process.stdout.fileno()
        parts = []
        os.set_blocking(source, False)
        try:
            with contextlib.suppress(BlockingIOError):
                while part := os.read(source, 1 << 16):
                    parts.append(part)
        finally:
            os.set_blocking(source, True)
        return b"".join(parts).decode(errors="replace")


@contextmanager
def _in_container(
    reference: Reference, engine: Engine, port: int, progress: Progress, settings: ServeSettings
) -> Iterator[RunningServer]:
    name = reference.in_engine(engine, progress)
    settings.share_with_container()
    variables, mounts = settings.in_container()
    variables["MODEL_PORT"] = str(PORT)  # overrides the image's own environment
    shown = [(mount.source, mount.target, mount.writable) for mount in mounts]
    title = f"package-serve-{secrets.token_hex(4)}"
    further = {}
    if settings.grpc_port is not None:
        variables[GRPC_PORT] = str(GRPC_INSIDE)
        further = {GRPC_INSIDE: settings.grpc_port}
    options = ServerOptions(variables, shown, settings.memory, further)
    with engine.server(name, title, port, PORT, options) as server:
        yield server


@contextmanager
def _in_process(
    reference: Reference, port: int, settings: ServeSettings
) -> Iterator[RunningServer]:
    if settings.memory is not None:
        raise UsageError(
            "--memory: expected a container, got a process of this machine",
            "start Docker and leave out --local, or leave out --memory",
        )
    lock = reference.lock()
    check_host(lock.python, lock.platform)
    server_port = port or free_port()
    with unpacked_package(reference.image(base=False).layers) as root:
        environment = {"MODEL_PORT": str(server_port), "MODEL_HOST": "127.0.0.1"}
        variables = {**root.variables(), **settings.variables(), **environment}
        command = [str(root.python), "-m", "serving"]
        process = start_piped(command, cwd=root.path / "code", env=variables)
        try:
            yield ServerProcess(process, server_port)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """Stop with SIGTERM, which drains; after ``STOP_SECONDS`` kill the process group.

    Somebody who interrupts that wait has it killed at once: nothing may run on in its folder.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _wait_until_ready(server: RunningServer) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not server.alive():
            raise _ended("\n".join(server.follow()))
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # not listening yet, or not ready (503)
        time.sleep(0.1)
    log = server.log()
    log_text = (
        f", its log ends with\n{last_lines(log)}" if log.strip() else ", and its log is empty"
    )
    raise PackageError(
        f"the server is not ready after {READY_SECONDS:g} s{log_text}",
        "mend what it reports, or try again if the machine was busy",
    )


def _ended(log: str) -> PackageError:
    """The error for a server that ended before it was ready: its own, or its last lines."""
    error = startup_error(log)
    if error is not None:
        return PackageError(f"the server can't start: {error.message}", error.hint)
    return PackageError(
        f"the server ended before it was ready:\n{last_lines(log)}", "see its log above"
    )


def _check_free(port: int) -> None:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            raise PackageError(
                f"port {port} on 127.0.0.1: {error.strerror}",
                f"name another with --port, or 0; that of gRPC with {GRPC_PORT}",
            ) from error
