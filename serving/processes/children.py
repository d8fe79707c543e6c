"""The parts of a server: its socket, its folder of counter files, and its processes."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.manifest import Manifest
from serving.feedback.stores import KEY_DESCRIPTOR
from serving.processes.shared_descriptors import TABLE, SharedNotes
from serving.processes.supervisor import Child
from serving.processes.watchdog import Watchdog
from serving.processes.worker_script import WORKER, check_worker_script
from serving.settings import Settings

BACKLOG = 2_048
METRICS = "PROMETHEUS_MULTIPROC_DIR"


def children_of(settings: Settings, manifest: Manifest, listening: int, table: int) -> list[Child]:
    """The workers, which share a listening descriptor and a worker table.

    Raises ``PackageError`` if BentoML starts its workers differently.
    """
    check_worker_script()
    folder = metrics_folder()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    numbers = range(1, (settings.workers or manifest.serve.workers) + 1)
    return [_worker(number, settings, listening, table) for number in numbers]


def metrics_folder() -> Path:
    """The folder of counter files."""
    return Path(os.environ["BENTOML_HOME"]).absolute() / "prometheus_multiproc_dir"


def _worker(number: int, settings: Settings, listening: int, table: int) -> Child:
    notes = SharedNotes.make()
    environment = {**os.environ, METRICS: str(metrics_folder()), TABLE: str(table)}
    notes.name_in(environment)
    command = [sys.executable, "-m", WORKER, "serving.service:svc"]
    command += ["--fd", str(listening), "--backlog", str(BACKLOG)]
    command += ["--service-name", "model", "--worker-id", str(number), "--args", "{}"]
    key = environment.get(KEY_DESCRIPTOR)
    descriptors = [listening, table, notes.failure, notes.stacks]
    return Child(
        name=f"worker {number}",
        command=command,
        environment=environment,
        descriptors=[*descriptors, int(key)] if key else descriptors,
        place=number,
        notes=notes,
        watchdog=Watchdog(settings.hang_seconds, settings.deadline_seconds),
    )


@contextmanager
def listen_on(host: str, port: int) -> Iterator[socket.socket]:
    """The socket that all workers accept from; raises ``UsageError`` if it can't be bound."""
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(BACKLOG)
        except OSError as error:
            raise UsageError(
                f"{host}, port {port}: expected an address to listen on, got {error.strerror}",
                "set MODEL_HOST and MODEL_PORT, or stop the process that listens there",
            ) from error
        yield listening


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Lock ``folder``, so that cleaners of temporary files skip it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)
