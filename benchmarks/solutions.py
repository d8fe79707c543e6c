"""The cost of a member's call beside its model: in the flow's process, in its own, over HTTP.

A row has 14 columns: six numbers, three integers, three texts, a category and a boolean. The cost
is the time of the call in the flow's process less the time that the member's model took, its frame
included. HTTP is a keep-alive connection to uvicorn on 127.0.0.1, with rows and answers as JSON.
"own" looks for an answer before it sleeps (``modelhost.short_wait``), "own, asleep" does
not. They take turns of 20 calls. The floor is two processes that exchange as many bytes on a socket
pair without messages, while one makes the same frame; it sleeps, or looks for the answer.

``.venv/bin/python benchmarks/solutions.py [--calls 2000] [--first]``. ``--first`` measures calls
of one row before all other work of the machine, as root. ``--flows 16`` compares that many flows at
once, each with a process of its member, in calls a second, with and without looking.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from exchange_floor import floor, undisturbed

from modelhost.columns import ColumnSpec
from modelhost.frames import FrameBuilder, keep_text_plain
from modelhost.solution.flow import Flow, load_flow
from modelhost.solution.spec import FILE, MemberSpec, SolutionSpec, member_folder

COLUMNS = (
    *(ColumnSpec(f"x{n}", "number", "float64") for n in range(6)),
    *(ColumnSpec(f"n{n}", "integer", "int64") for n in range(3)),
    *(ColumnSpec(f"s{n}", "string", "object") for n in range(3)),
    ColumnSpec("color", "string", "category", ("red", "blue")),
    ColumnSpec("flag", "boolean", "bool"),
)
ROWS = (1, 100, 10_000)
BLOCK = 20
"""Calls of one way before those of the next."""
MODEL = """
import numpy as np


class Model:
    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        return np.asarray(frame["x0"], float) * 2
"""
FLOW = "def run(rows, members):\n    return members.own(rows).predictions\n"


def values(rows: int) -> list[list[Any]]:
    """Columns of so many rows."""
    numbers = [[float(row % 97) for row in range(rows)]] * 6
    integers = [[row % 89 for row in range(rows)]] * 3
    texts = [[f"text number {row % 83}" for row in range(rows)]] * 3
    colors = ["red" if row % 3 else "blue" for row in range(rows)]
    return [*numbers, *integers, *texts, colors, [row % 2 == 0 for row in range(rows)]]


def solution(folder: Path, *, looks: bool = True) -> Flow:
    """One model as a member in the flow's process, and in its own; ``looks``: before it sleeps."""
    specs = []
    for name in ("inline", "own"):
        place = member_folder(folder, name)
        (place / "models").mkdir(parents=True)
        (place / "code").mkdir()
        (place / "models" / "model").touch()
        (place / "code" / f"{name}_model.py").write_text(MODEL)
        loader = f"{name}_model:Model"
        specs.append(
            MemberSpec(name, name, None, "fail", None, "regression", loader, "joblib", "frame",
                       None, (), COLUMNS, {})
        )  # fmt: skip
    (folder / FILE).write_text(SolutionSpec("measured_flow:run", tuple(specs)).as_json())
    (folder / "measured_flow.py").write_text(FLOW)
    sys.path.insert(0, str(folder))
    if not looks:  # as on a machine of one processor
        os.environ["OMP_NUM_THREADS"] = "1"
    try:
        return load_flow(folder, None)
    finally:
        os.environ.pop("OMP_NUM_THREADS", None)


def serve(port: int) -> None:
    """The same model behind HTTP."""
    import uvicorn

    keep_text_plain()
    builder, names = FrameBuilder(COLUMNS), [one.name for one in COLUMNS]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        rows = json.loads(body)["rows"]
        began = time.perf_counter()
        columns = [[row[name] for row in rows] for name in names]
        found = (builder.frame(columns, len(rows))["x0"].to_numpy() * 2).tolist()
        own = time.perf_counter() - began
        answer = json.dumps({"predictions": found, "own": own}).encode()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    asyncio.run(uvicorn.Server(config).serve())


def over_http(port: int) -> Callable[[Any], float]:
    """A function that asks the server for a frame's rows; it returns the cost in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(frame: Any) -> float:
        began = time.perf_counter()
        body = json.dumps({"rows": frame.to_dict("records")})
        connection.request("POST", "/", body)
        answer = json.loads(connection.getresponse().read())
        return time.perf_counter() - began - float(answer["own"])

    return ask


def as_member(flow: Flow, name: str) -> Callable[[Any], float]:
    """A function that calls a member; it returns the cost in seconds."""
    member = flow.members[name]

    def ask(frame: Any) -> float:
        member(frame)
        (call,) = flow.take_calls()
        return call.ended - call.began - call.own

    return ask


def calls_at_once(flows: int, seconds: float, *, looks: bool) -> float:
    """Calls of one row in a second, of so many flows together, each in a process."""
    context = multiprocessing.get_context("fork")
    start, counts = context.Barrier(flows), context.Queue()

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            flow = solution(Path(folder), looks=looks)
            member, frame = flow.members["own"], FrameBuilder(COLUMNS).frame(values(1), 1)
            start.wait()
            until, count = time.perf_counter() + seconds, 0
            while time.perf_counter() < until:
                member(frame)
                flow.take_calls()
                count += 1
            counts.put(count)
            start.wait()
            member.close()

    workers = [context.Process(target=work) for _ in range(flows)]
    for one in workers:
        one.start()
    total = sum(counts.get() for _ in workers)
    for one in workers:
        one.join()
    return float(total / seconds)


def compare_flows(flows: int, blocks: int = 5) -> None:
    """Print calls a second with and without looking, in turns."""
    for _ in range(blocks):
        found = {looks: calls_at_once(flows, 3.0, looks=looks) for looks in (True, False)}
        print(f"{flows} flows: {found[True]:,.0f} calls/s, asleep {found[False]:,.0f}", flush=True)


def table(ways: dict[str, Callable[[Any], float]], calls: int, first: Sequence[int]) -> None:
    """Print the cost of each way by number of rows, in microseconds.

    ``first``: processes that go before others, as this one does, while one row is asked.
    """
    print("| rows | way | least | 1 in 10 | median |")
    print("|---|---|---|---|---|")
    builder = FrameBuilder(COLUMNS)
    for rows in ROWS:
        frame = builder.frame(values(rows), rows)
        found: dict[str, list[float]] = {way: [] for way in ways}
        with undisturbed(first) if first and rows == 1 else nullcontext():
            for _ in range(max(20, calls // rows) // BLOCK or 1):
                for way, ask in ways.items():
                    found[way] += [1e6 * ask(frame) for _ in range(BLOCK)]
        for way, costs in found.items():
            tenth = statistics.quantiles(costs, n=10)[0]
            least, middle = min(costs), statistics.median(costs)
            print(f"| {rows:,} | {way} | {least:,.0f} | {tenth:,.0f} | {middle:,.0f} |")


def main() -> None:
    """Start both processes, measure, and end them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--flows", type=int, help="compare so many flows at once")
    parser.add_argument("--first", action="store_true", help="go before all other processes")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    keep_text_plain()
    if given.flows:
        compare_flows(given.flows)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port)])
    try:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            flow, asleep = solution(Path(one)), solution(Path(two), looks=False)
            wait_for(port)
            ways = {name: as_member(flow, name) for name in ("inline", "own")}
            ways |= {"own, asleep": as_member(asleep, "own"), "http": over_http(port)}
            asked = (flow.members["own"].process_id, asleep.members["own"].process_id)
            first = [server.pid, *filter(None, asked)] if given.first else []
            table(ways, given.calls, first)
            builder, columns = FrameBuilder(COLUMNS), values(1)

            def make() -> None:
                builder.frame(columns, 1)["x0"].to_numpy()

            for looks in (True, False):
                tenth, middle = floor(make, given.calls, looks=looks)
                how = "looks" if looks else "sleeps"
                print(f"floor, one row, {how}: 1 in 10 {tenth:.0f}, median {middle:.0f} µs")
            flow.members["own"].close()
            asleep.members["own"].close()
    finally:
        server.kill()
        server.wait()


def wait_for(port: int) -> None:
    """Return when the server answers; raises ``OSError`` after a minute."""
    for left in range(600, -1, -1):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if not left:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main()
