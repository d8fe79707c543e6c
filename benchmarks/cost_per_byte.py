"""Measures what requests of every form cost a server per byte: time, memory, blocked requests.

    python benchmarks/cost_per_byte.py [--large] [--only WORD…] [--worst] [--keep DIR]

Builds a small classifier, serves it with one worker and feedback, and sends each case of
``worst_inputs`` at 64 KiB and 1 MiB (``--large``: at 1 MiB and 16 MiB), while another process
requests ``/livez`` every few milliseconds. Prints, for each case and size: status, seconds, seconds
of processor time, increase of the worker's peak memory, longest response time of ``/livez``, the
worker's processor time during one such request (without other processes), and the bytes of the
response.

Marks processor time that grows faster than bytes (``steep``), memory above 6 times the bytes and
50 MB, responses above the bound, more than 50 ms of the worker's processor time during one
``/livez`` (``loop``), ``/livez`` responses after 0.3 s (``livez``), and server errors. Exit code 1
for any mark except ``livez``, which depends on the machine's load.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthetic_package import SyntheticData, build, mixed, server
from worst_inputs import WORST, Request, Target, cases

MEMORY_FACTOR, MEMORY_BYTES = 6, 50_000_000
ANSWER_BYTES = 16 << 20
LIVEZ_SECONDS, LOOP_SECONDS = 0.3, 0.05
MIN_SECONDS = 0.15
"""Seconds of processor time below which its growth is not judged."""
STEEP = 3.0
"""Maximal growth of processor time relative to the growth of bytes."""
PING_SECONDS = 0.003
MAX_EXTRA_BYTES = 100_000
"""Bytes by which a case may exceed the requested size."""
GIVEN_BACK_SECONDS = 1.3
"""Time after which the server has released the memory of a request of ``HUGE_BYTES``."""
HUGE_BYTES = 1 << 20
ANSWER_SECONDS = 280


@dataclass(frozen=True)
class Cost:
    """Cost of one request."""

    sent: int
    status: int
    seconds: float
    cpu: float
    memory: int
    livez: float
    held: float
    answer: int


def main() -> None:
    """Build, serve, send all cases and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="1 MiB and 16 MiB")
    parser.add_argument("--worst", action="store_true", help="the worst that are known alone")
    parser.add_argument("--only", nargs="+", default=[], help="cases whose names hold a word")
    parser.add_argument("--keep", type=Path, help="a folder for the package, used again")
    chosen = parser.parse_args()
    sizes = (1 << 20, (16 << 20) - MAX_EXTRA_BYTES) if chosen.large else (1 << 16, 1 << 20)
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.keep or Path(name)
        folder.mkdir(exist_ok=True)
        made = SyntheticData("cost", "classification", mixed(2_000, 3, 2, 3))
        image = folder / "cost-image"
        image = image if image.exists() else build(made, folder)
        settings = {"MODEL_FEEDBACK": "on", "MODEL_STATE_DIR": str(folder / "state")}
        (folder / "state").mkdir(exist_ok=True)
        with server(image, folder, MODEL_WORKERS="1", **settings) as running:
            target = target_of(running.url)
            worker = worker_of(running.pid)
            found = {
                name: case
                for name, case in cases(target).items()
                if (not chosen.only or any(word in name for word in chosen.only))
                and (not chosen.worst or name in WORST)
            }
            with pinging(running.url, worker) as longest:
                marked = {}
                for name, case in found.items():
                    requests = [case(target, size) for size in sizes]
                    costs = [cost(request, running.url, worker, longest) for request in requests]
                    if marks := judged(name, costs):
                        marked[name] = marks
    for name, marks in marked.items():
        print(f"{name}: {', '.join(sorted(marks))}")
    print(f"{len(found)} cases, {len(marked)} marked")
    sys.exit(any(marks - {"livez"} for marks in marked.values()))


def judged(name: str, costs: Sequence[Cost]) -> set[str]:
    """Print what a case cost at the small and the large size; return its marks."""
    marks = set().union(*map(marks_of, costs))
    small, large = costs
    growth = max(1.0, large.sent / small.sent)
    if large.cpu > max(MIN_SECONDS, STEEP * growth * max(small.cpu, 0.01)):
        marks.add("steep")
    for one in costs:
        print(
            f"{name:34} {one.sent:>10,} B  {one.status}  {one.seconds:6.3f} s  {one.cpu:5.2f} cpu"
            f"  {one.memory / 1e6:6.1f} MB  /livez {one.livez * 1e3:5.0f} ms"
            f"  {one.held * 1e3:4.0f} held  {one.answer:>10,} back"
            f"  {' '.join(sorted(marks)) if one is large else ''}",
            flush=True,
        )
    return marks


def marks_of(one: Cost) -> set[str]:
    """The marks of one request's cost."""
    marks = {
        "5xx": one.status >= 500,
        "memory": one.memory > MEMORY_FACTOR * one.sent + MEMORY_BYTES,
        "answer": one.answer > ANSWER_BYTES,
        "livez": one.livez > LIVEZ_SECONDS,
        "loop": one.held > LOOP_SECONDS,
    }
    return {mark for mark, wrong in marks.items() if wrong}


def cost(request: Request, url: str, worker: int, longest: Any) -> Cost:
    """Send one request, and measure the worker before and after."""
    process = Path(f"/proc/{worker}")
    (process / "clear_refs").write_text("5")  # reset the peak to the current resident memory
    resident, cpu = memory(process, "VmRSS"), processor(process)
    longest[0] = longest[1] = 0.0
    started = time.perf_counter()
    status, answer = send(request, url)
    seconds = time.perf_counter() - started
    # Wait for work after the response, and for the release of memory.
    time.sleep(GIVEN_BACK_SECONDS if len(request.body) >= HUGE_BYTES else 0.1)
    head = sum(len(name) + len(value) for name, value in request.headers.items())
    return Cost(
        len(request.body) + head + len(request.path),
        status,
        seconds,
        processor(process) - cpu,
        max(0, memory(process, "VmHWM") - resident),
        longest[0],
        longest[1],
        answer,
    )


def send(request: Request, url: str) -> tuple[int, int]:
    """Status and size (bytes) of the response."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=ANSWER_SECONDS)
    headers = dict(request.headers)
    body: Any = request.body
    if request.chunk:
        headers["Transfer-Encoding"] = "chunked"
        step = request.chunk
        parts = (request.body[at : at + step] for at in range(0, len(request.body), step))
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    try:
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        if not request.chunk:
            connection.putheader("Content-Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.suppress(OSError):  # rejected before all was sent; a response follows
            connection.send(body)
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    except (OSError, http.client.HTTPException):
        return 0, 0
    finally:
        connection.close()


@contextmanager
def pinging(url: str, worker: int) -> Iterator[Any]:
    """Request ``/livez`` from another process during the block.

    Yields the longest response time and the worker's maximal processor time during one request,
    in seconds, since they were last set to 0.
    """
    longest = multiprocessing.Array("d", [0.0, 0.0])
    process = multiprocessing.Process(target=ping, args=(url, worker, longest), daemon=True)
    process.start()
    try:
        yield longest
    finally:
        process.terminate()
        process.join()


def ping(url: str, worker: int, longest: Any) -> None:
    """Request ``/livez`` repeatedly on one connection."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    while True:
        used, started = ran(worker), time.perf_counter()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        seconds, held = time.perf_counter() - started, ran(worker) - used
        with longest.get_lock():
            longest[0] = max(longest[0], seconds)
            longest[1] = max(longest[1], min(held, seconds))
        time.sleep(PING_SECONDS)


def target_of(url: str) -> Target:
    """The served package's description of itself."""
    with urllib.request.urlopen(f"{url}/schema", timeout=60) as answer:
        schema = json.load(answer)
    kinds = {feature["name"]: feature["kind"] for feature in schema["features"]}
    row = schema["example"]["rows"][0]
    return Target(schema["name"], {name: row[name] for name in kinds}, kinds)


def worker_of(pid: int) -> int:
    """Id of the process that answers requests."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if Path(f"/proc/{child}/comm").read_text().startswith("worker "):
            return int(child)
    raise RuntimeError("expected a worker below the server's process, got none")


def memory(process: Path, field: str) -> int:
    """A memory field of ``/proc/PID/status``, in bytes."""
    for line in (process / "status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"expected {field}, got none")


def ran(worker: int) -> float:
    """Seconds for which the threads of a process ran, to the microsecond."""
    found = 0
    for thread in Path(f"/proc/{worker}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended
            found += int((thread / "schedstat").read_text().split()[0])
    return found / 1e9


def processor(process: Path) -> float:
    """Seconds of processor time used so far."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
