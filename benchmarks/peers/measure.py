"""Starts a server, compares its predictions with the model's, and drives it with ``wrk``."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from models import Model
from servers import Answer, Run, Server

CELLS = ((1, 1), (1, 16), (1, 64), (100, 1), (100, 16))
"""(rows per request, clients)."""
TOLERANCE = 1e-9
READY_SECONDS = 120
STOP_SECONDS = 20
TICK = 1 / os.sysconf("SC_CLK_TCK")

SCRIPT = """
local requests, place = {}, 0
function init(arguments)
  local headers = {["Content-Type"] = "application/json"}
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end
function request()
  place = place % #requests + 1
  return requests[place]
end
function done(summary, latency, each)
  local failed = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}\\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""


class BrokenError(Exception):
    """A started server can't be measured; holds the reason."""


@dataclass(frozen=True)
class Cell:
    """Results of one server under one load."""

    rate: float
    """Successful responses per second."""
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Processor time of all its processes per request."""
    errors: int


@dataclass(frozen=True)
class Measured:
    """Results of one round of one server with one model."""

    start_seconds: float
    """Seconds from the start of the process to the first correct prediction."""
    difference: float
    """Largest difference between its probabilities and the model's."""
    rss_mb: float
    """Resident memory after the load, summed over processes; shared pages count repeatedly."""
    pss_mb: float
    """Proportional set size, which counts shared pages once."""
    cells: dict[tuple[int, int], Cell]

    def as_json(self) -> dict[str, Any]:
        cells = [
            {"rows": rows, "clients": clients, **asdict(cell)}
            for (rows, clients), cell in self.cells.items()
        ]
        facts = ("start_seconds", "difference", "rss_mb", "pss_mb")
        return {**{name: getattr(self, name) for name in facts}, "cells": cells}


def measured(server: Server, model: Model, workers: int, seconds: float) -> Measured:
    """Start ``server``, check its predictions, measure all cells, stop it.

    Raises ``BrokenError`` if it does not start or if its predictions differ from the model's.
    """
    with tempfile.TemporaryDirectory(prefix="peer-") as name:
        run = Run(Path(name), model, _free_ports(), workers)
        with _running(server, run) as (pid, start_seconds):
            difference = _compared(server, run)
            cells = {}
            for rows, clients in CELLS:
                bodies = run.folder / f"bodies-{rows}"
                requests = model.requests[rows]
                lines = [json.dumps(server.body(request)) for request in requests]
                bodies.write_text("\n".join(lines) + "\n")
                cells[rows, clients] = _driven(server, run, pid, bodies, clients, seconds)
            rss, pss = _memory(pid)
            return Measured(start_seconds, difference, rss, pss, cells)


@contextmanager
def _running(server: Server, run: Run) -> Iterator[tuple[int, float]]:
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
        try:
            ready = ready or _asked(run.port, "GET", server.ready)[0] == 200
            if ready and _answered(server, run, run.model.requests[1][0]):
                return
        except (OSError, http.client.HTTPException):
            pass  # not listening yet
        time.sleep(0.02)
    raise BrokenError(f"not ready after {READY_SECONDS} s: {_last(run)}")


def _answered(server: Server, run: Run, rows: list[dict[str, Any]]) -> Answer | None:
    body = json.dumps(server.body(rows)).encode()
    status, content = _asked(run.port, "POST", server.path, body)
    return server.answer(json.loads(content), run.model.classes) if status == 200 else None


def _asked(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _compared(server: Server, run: Run) -> float:
    """Send every request once; return the largest difference from the model's predictions."""
    largest, classes = 0.0, run.model.classes
    for rows in (rows for requests in run.model.requests.values() for rows in requests):
        expected = run.model.answers(rows)
        found = _answered(server, run, rows)
        if found is None:
            raise BrokenError("it answers a good request with an error")
        labels, chances = found
        if labels and labels != [classes[place] for place in expected.argmax(axis=1)]:
            raise BrokenError("its labels are not the model's")
        largest = max(largest, float(np.abs(np.array(chances) - expected).max()))
    if largest > TOLERANCE:
        raise BrokenError(f"its probabilities differ from the model's by {largest:.2g}")
    return largest


def _driven(server: Server, run: Run, pid: int, bodies: Path, clients: int, seconds: float) -> Cell:
    script = run.folder / "load.lua"
    script.write_text(SCRIPT)
    url = f"http://127.0.0.1:{run.port}{server.path}"

    def load(duration: float) -> dict[str, Any]:
        command = [
            "wrk",
            "-t1",
            f"-c{clients}",
            f"-d{max(1, round(duration))}s",
            "--timeout",
            "30s",
        ]
        command += ["-s", str(script), url, "--", str(bodies)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    load(seconds / 3)
    before = _processor(pid)
    found = load(seconds)
    used = _processor(pid) - before
    good = max(0, found["requests"] - found["errors"])
    return Cell(
        rate=good / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        cpu_ms=used * 1e3 / max(1, found["requests"]),
        errors=found["errors"],
    )


def _group(pid: int) -> dict[int, list[str]]:
    """Descendants of ``pid`` and processes of its session, with the fields of their ``stat``.

    Both are needed: some servers start workers in new sessions, and some workers lose their parent.
    """
    running = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended
        running[int(folder.name)] = fields
    found = {each for each, fields in running.items() if each == pid or int(fields[3]) == pid}
    while below := {each for each, fields in running.items() if int(fields[1]) in found} - found:
        found |= below
    return {each: running[each] for each in found}


def _processor(pid: int) -> float:
    """User and system time of its processes so far, in seconds."""
    return sum(int(fields[11]) + int(fields[12]) for fields in _group(pid).values()) * TICK


def _memory(pid: int) -> tuple[float, float]:
    totals = {"Rss:": 0, "Pss:": 0}
    for each in _group(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()[1:]:
            name, value, *_ = line.split()
            if name in totals:
                totals[name] += int(value)
    return totals["Rss:"] / 1024, totals["Pss:"] / 1024


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to its leader; kill processes that remain after a while."""
    group = _group(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # Process ids are reused: a process is the same only if its start time is equal.
    for each, fields in group.items():
        now = Path(f"/proc/{each}/stat")
        if now.exists() and now.read_text().rpartition(")")[2].split()[19] == fields[19]:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


def _free_ports() -> int:
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
