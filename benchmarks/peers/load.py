"""Drives a server with ``wrk``."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import dataclass
from typing import Any

from running import BrokenError, processor_seconds
from server import CLIENT_CORES, CORES, Run, Server, on_cores

SCRIPT = """
local requests, place = {}, 0
function init(arguments)
  -- For each request: the numbers of headers and of bytes, the headers, the body.
  local file = io.open(arguments[1], "rb")
  while true do
    local count, size = file:read("*n", "*n")
    if not count then break end
    file:read(1)
    local headers = {}
    for _ = 1, count do
      local name, value = file:read("*l"):match("^(%S+): (.*)$")
      headers[name] = value
    end
    requests[#requests + 1] = wrk.format("POST", nil, headers, file:read(size))
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


def warm_up_seconds(seconds: int) -> int:
    """Seconds of load before the ``seconds`` that count."""
    return math.ceil(seconds / 3)


def _framed(encoded: tuple[bytes, dict[str, str]]) -> bytes:
    """A request for the script."""
    body, headers = encoded
    lines = [f"{len(headers)} {len(body)}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\n".join(lines).encode() + b"\n" + body


def drive(server: Server, run: Run, pid: int, load: tuple[int, int], seconds: int) -> Cell:
    """Send the requests of the model in turn, with (rows per request, clients) of ``load``.

    Raises ``BrokenError`` if ``wrk`` can't.
    """
    rows, clients = load
    bodies, script = run.folder / f"bodies-{rows}", run.folder / "load.lua"
    bodies.write_bytes(b"".join(map(_framed, map(server.encoded, run.model.requests[rows]))))
    script.write_text(SCRIPT)
    url = f"http://127.0.0.1:{run.port}{server.path}"

    def send(duration: int) -> dict[str, Any]:
        command = ["wrk", "-t1", f"-c{clients}", f"-d{duration}s", "--timeout", "30s"]
        command += ["-s", str(script), url, "--", str(bodies)]
        cores = CLIENT_CORES if run.pinned else CORES
        done = subprocess.run(on_cores(cores, command), capture_output=True, text=True)
        if done.returncode:
            raise BrokenError(f"wrk: {(done.stderr or done.stdout).strip()[-200:]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    send(warm_up_seconds(seconds))
    before = processor_seconds(pid)
    found = send(seconds)
    used = processor_seconds(pid) - before
    good = max(0, found["requests"] - found["errors"])
    return Cell(
        rate=good / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        cpu_ms=used * 1e3 / max(1, found["requests"]),
        errors=found["errors"],
    )
