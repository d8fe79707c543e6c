"""Servers in separate processes under load of ``wrk``: rates, latencies, processor time."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    rate: float
    p50: float
    p99: float
    cpu: float
    """Milliseconds of processor time of the serving processes per request."""
    failed: int


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, folder: Path, **environment: str) -> Iterator[int]:
    log = (folder / "log").open("ab")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TOP), **environment},
        stdout=log,
        stderr=log,
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(2)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def ticks(pid: int) -> int:
    """Processor time of a process and its children, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(fields[11]) + int(fields[12]) + sum(ticks(int(child)) for child in children)


def drive(pid: int, port: int, body: Path, clients: int, seconds: int) -> Run:
    script = body.with_suffix(".lua")
    script.write_text(
        f'wrk.method = "POST"\nlocal f = io.open("{body}", "rb")\nwrk.body = f:read("*a")\n'
    )
    wrk = ["wrk", "-t1", f"-c{clients}", "--latency", "-s", str(script)]
    url = f"http://127.0.0.1:{port}/predict"
    subprocess.run([*wrk, "-d2s", url], capture_output=True, check=True)
    before = ticks(pid)
    done = subprocess.run([*wrk, f"-d{seconds}s", url], capture_output=True, text=True, check=True)
    used = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK") * 1e3
    text = done.stdout
    requests = int(re.search(r"(\d+) requests in", text)[1])
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Run(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        p50=_milliseconds(re.search(r"50%\s+([\d.]+\w+)", text)[1]),
        p99=_milliseconds(re.search(r"99%\s+([\d.]+\w+)", text)[1]),
        cpu=used / max(1, requests),
        failed=int(failed[1]) if failed else 0,
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
