"""A real PostgreSQL server on a Unix socket of a temporary folder, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "postgres"
"""The user of the server if the tests run as root, which it refuses."""
MIN_ROOM = 1 << 30
"""Bytes; a server of the tests takes a tenth of it."""


def program(name: str) -> str | None:
    """A program of the newest PostgreSQL that is installed; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(found[0]) if found else shutil.which(name)


def in_memory() -> str | None:
    """A folder in memory with room for a server: to delete its 5,000 files on a disk takes long."""
    shared = "/dev/shm"
    if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < MIN_ROOM:
        return None
    return shared


@contextmanager
def postgres_server() -> Iterator[str]:
    """The folder of the socket of a running server; skips the test where none is installed."""
    initdb, control = program("initdb"), program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("needs postgresql (Debian's package)")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=in_memory()))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        _run(
            [initdb, "-D", str(data), "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8"], folder
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        log = str(folder / "log")
        _run([control, "-D", str(data), "-w", "-o", options, "-l", log, "start"], folder)
        try:
            yield str(folder)
        finally:
            _run([control, "-D", str(data), "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], folder: Path) -> None:
    if os.getuid() == 0:
        command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


def new_schema(folder: str, name: str) -> str:
    """The address of a new schema, alone on the search path: a hundredth of a database's files."""
    import psycopg

    url = f"postgresql:///postgres?host={folder}&user={USER}"
    with psycopg.connect(url, autocommit=True) as one:
        one.execute(f'create schema "{name}"')
    return f"{url}&options=-csearch_path%3D{name}"


def new_database(folder: str, name: str) -> str:
    """The address of a new database."""
    import psycopg

    with psycopg.connect(
        f"postgresql:///postgres?host={folder}&user={USER}", autocommit=True
    ) as one:
        one.execute(f'create database "{name}" template template0')
    return f"postgresql:///{name}?host={folder}&user={USER}"
