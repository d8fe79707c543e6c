"""Starts a server's processes, asks them, reads their processor time and memory, stops them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from server import Run, Server

READY_SECONDS = 120
STOP_SECONDS = 20
TICK = 1 / os.sysconf("SC_CLK_TCK")


class BrokenError(Exception):
    """A started server can't be measured; holds the reason."""


@contextmanager
def running(server: Server, run: Run) -> Iterator[tuple[int, float]]:
    """Run ``server`` within the block: the id of its first process, the seconds it took to start.

    Raises ``BrokenError`` if it does not start.
    """
    started = server.start(run)  # environments etc. are made before time is measured
    begun = time.monotonic()
    process = server.launch(run, started)
    try:
        _wait(server, run, process)
        yield process.pid, time.monotonic() - begun
    finally:
        _stop(process)


def _wait(server: Server, run: Run, process: subprocess.Popen[bytes]) -> None:
    """Wait until it reports that it is ready and has answered once."""
    deadline = time.monotonic() + READY_SECONDS
    ready = not server.ready
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BrokenError(f"it ended while starting: {_last(run)}")
        with suppress(OSError, http.client.HTTPException):  # not listening yet
            ready = ready or request(run.port, "GET", server.ready)[0] == 200
            if ready and predict(server, run.port, run.model.requests[1][0]) is not None:
                return
        time.sleep(0.02)
    raise BrokenError(f"not ready after {READY_SECONDS} s: {_last(run)}")


def predict(server: Server, port: int, rows: list[dict[str, Any]]) -> bytes | None:
    """The answer of ``server`` to ``rows``; None if it is an error."""
    body, headers = server.encoded(rows)
    status, content = request(port, "POST", server.path, body, headers)
    return content if status == 200 else None


def request(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, bytes]:
    """Status and content of one request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def group(pid: int) -> dict[int, list[str]]:
    """Descendants of ``pid`` and processes of its session, with the fields of their ``stat``.

    Both are needed: some servers start workers in new sessions, and some workers lose their parent.
    """
    found_all = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended
        found_all[int(folder.name)] = fields
    found = {each for each, fields in found_all.items() if each == pid or int(fields[3]) == pid}
    while below := {n for n, fields in found_all.items() if int(fields[1]) in found} - found:
        found |= below
    return {each: found_all[each] for each in found}


def processor_seconds(pid: int) -> float:
    """User and system time of its processes so far, and of those that ended and were awaited."""
    return sum(sum(map(int, fields[11:15])) for fields in group(pid).values()) * TICK


def memory(pid: int) -> tuple[float, float]:
    """Resident memory of its processes in MiB: summed (RSS), and with shared pages once (PSS)."""
    totals = {"Rss:": 0, "Pss:": 0}
    for each in group(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()[1:]:
                name, value, *_ = line.split()
                if name in totals:
                    totals[name] += int(value)
    return totals["Rss:"] / 1024, totals["Pss:"] / 1024


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to its leader; kill processes that remain after a while."""
    members = group(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # Process ids are reused: a process is the same only if its start time is equal.
    for each, fields in members.items():
        now = Path(f"/proc/{each}/stat")
        with suppress(FileNotFoundError, ProcessLookupError):
            if now.read_text().rpartition(")")[2].split()[19] == fields[19]:
                os.kill(each, signal.SIGKILL)


def free_ports() -> int:
    """A free port whose two successors are free, too."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
            except (OSError, OverflowError):
                continue
            return port


def _last(run: Run) -> str:
    """The last line of its log with an error, else the last line."""
    lines = (run.folder / "log").read_text(errors="replace").strip().splitlines()
    named = [line for line in lines if "Error" in line] or lines
    return named[-1][:200].replace("|", "/") if named else "it said nothing"
