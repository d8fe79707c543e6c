"""Resources that the processes of a server share: its socket and its folders."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.errors import UsageError

BACKLOG = 2_048
METRICS = "PROMETHEUS_MULTIPROC_DIR"


def make_metrics_folder() -> None:
    """Make an empty folder of counter files; prometheus_client finds it at import."""
    folder = metrics_folder()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[METRICS] = str(folder)


def metrics_folder() -> Path:
    """The folder of counter files."""
    return Path(os.environ["BENTOML_HOME"]).absolute() / "prometheus_multiproc_dir"


@contextmanager
def listen_on(host: str, port: int, variable: str = "MODEL_PORT") -> Iterator[socket.socket]:
    """The socket that all workers accept from; raises ``UsageError`` if it can't be bound.

    ``variable``: the one that sets the port.
    """
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(BACKLOG)
        except OSError as error:
            raise UsageError(
                f"{host}, port {port}: expected an address to listen on, got {error.strerror}",
                f"set MODEL_HOST and {variable}, or stop the process that listens there",
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
