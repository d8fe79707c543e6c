"""The cost of a shadow for the clients of a server, and the error rate of its verdict.

    python benchmarks/shadow.py [--blocks 12] [--seconds 3] [--rate 150] [--count 10000]
    python benchmarks/shadow.py --verdicts

Serves the package of ``tabular_package.py`` twice, with two workers each: one server with a shadow
of share 1, one without. Requests of one row come at a fixed rate, to one server for some seconds,
then to the other, in random order; a latency counts from when its request was due. The challenger
is dead (no port), slow (answers after 3 s), garbage (noise instead of HTTP), or right. Prints the
median over blocks of their p50 and p99, the ratio of both servers, and statuses that aren't 200.
Then it sends ``--count`` requests to two replicas with the right challenger, and compares their
counters with what was sent. ``--verdicts``: looks at simulated labels 40 times.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from driven_server import free_port, serving
from tabular_package import data, lay_out, train

from monitoring.metrics.shadow_labels import PAIR_OUTCOMES
from monitoring.slices.slices import ALL
from packager.client.exposition import read_samples
from packager.replicas.counters import CounterTotals
from packager.replicas.shadow import PAIRS, ROWS, shadow_report

MODES = ("dead", "slow", "garbage", "right")
CONNECTIONS = 16
CHALLENGER = """
import asyncio, sys
mode, port = sys.argv[1], int(sys.argv[2])

async def serve(reader, writer):
    try:
        while True:
            await reader.read(65536)
            if mode == "slow":
                await asyncio.sleep(3)
                writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
            else:
                writer.write(b"\\x00\\xff noise" * 100 + b"\\r\\n\\r\\n")
                break
    except OSError:
        pass
    writer.close()

async def main():
    await (await asyncio.start_server(serve, "127.0.0.1", port)).serve_forever()

asyncio.run(main())
"""


async def paced(port: int, bodies: list[bytes], rate: float, seconds: float) -> list[float]:
    """Latencies in seconds of requests that are due at a fixed rate; raises for any but a 200."""
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    found: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            at, body = await due.get()
            head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            size = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(size)
            found.append(time.perf_counter() - at)
            if b" 200 " not in answer[:15]:
                raise RuntimeError(answer)
            due.task_done()

    clients = [asyncio.create_task(client()) for _ in range(CONNECTIONS)]
    await asyncio.sleep(0.2)
    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        at = start + number / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait((at, random.choice(bodies)))
    joined = asyncio.create_task(due.join())
    done, _ = await asyncio.wait([joined, *clients], return_when=asyncio.FIRST_COMPLETED)
    for task in done - {joined}:
        task.result()
    for task in clients:
        task.cancel()
    return found


@contextlib.contextmanager
def broken(mode: str) -> Iterator[str]:
    """The address of a challenger that is dead, slow or garbage."""
    port = free_port()
    if mode == "dead":
        yield f"http://127.0.0.1:{port}"
        return
    process = subprocess.Popen([sys.executable, "-c", CHALLENGER, mode, str(port)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def server(root: Path, name: str, port: int, **environment: str):
    """A server of the package; its folder is below ``root``."""
    folder = root.parent / name
    folder.mkdir(exist_ok=True)
    return serving(
        [sys.executable, "-m", "serving"],
        port,
        folder,
        MODEL_ROOT=str(root),
        MODEL_HOST="127.0.0.1",
        MODEL_PORT=str(port),
        MODEL_WORKERS="2",
        BENTOML_HOME=str(folder / "home"),
        **environment,
    )


def counted(port: int, name: str) -> dict[str, float]:
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    samples = read_samples(text, "metrics")
    return {one.labels.get("outcome", ""): one.value for one in samples if one.name == name}


def compare(root: Path, bodies: list[bytes], mode: str, chosen: argparse.Namespace) -> None:
    """Print the latencies with and without a shadow of this mode."""
    plain, shadowed, challenger = free_port(), free_port(), free_port()
    with contextlib.ExitStack() as stack:
        stack.enter_context(server(root, "plain", plain))
        if mode == "right":
            stack.enter_context(server(root, "challenger", challenger))
            url = f"http://127.0.0.1:{challenger}"
        else:
            url = stack.enter_context(broken(mode))
        stack.enter_context(server(root, f"with-{mode}", shadowed, MODEL_SHADOW=url))
        found: dict[int, list[list[float]]] = {plain: [], shadowed: []}
        for port in (plain, shadowed):
            asyncio.run(paced(port, bodies, chosen.rate, 1.0))
        for _ in range(chosen.blocks):
            for port in random.sample([plain, shadowed], 2):
                found[port].append(asyncio.run(paced(port, bodies, chosen.rate, chosen.seconds)))
        time.sleep(1)
        outcomes = counted(shadowed, ROWS)
    cells = [mode]
    for share in (50, 99):
        both = [
            statistics.median(float(np.percentile(block, share)) for block in found[port])
            for port in (plain, shadowed)
        ]
        ratios = [
            float(np.percentile(ours, share) / np.percentile(its, share))
            for its, ours in zip(found[plain], found[shadowed], strict=True)
        ]
        cells += [f"p{share} {both[0] * 1e3:.2f} -> {both[1] * 1e3:.2f} ms"]
        cells += [f"({both[1] / both[0] - 1:+.1%}, paired {statistics.median(ratios) - 1:+.1%})"]
    sent = {name: int(value) for name, value in outcomes.items()}
    print(*cells, sent, f"load {os.getloadavg()[0]:.1f}", flush=True)


def count(root: Path, bodies: list[bytes], requests: int) -> None:
    """Print the counters of two replicas after so many requests."""
    ports, challenger = (free_port(), free_port()), free_port()
    url = f"http://127.0.0.1:{challenger}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(server(root, "challenger", challenger))
        for name, port in zip(("one", "two"), ports, strict=True):
            stack.enter_context(
                server(root, name, port, MODEL_SHADOW=url, MODEL_SHADOW_QUEUE="20000")
            )
        for port in ports:
            asyncio.run(paced(port, bodies, 1_000.0, requests / 2 / 1_000.0))
        until = time.monotonic() + 60
        total: dict[str, float] = {}
        while sum(total.values()) < requests and time.monotonic() < until:
            time.sleep(0.5)
            each = [counted(port, ROWS) for port in ports]
            total = {name: sum(one[name] for one in each) for name in each[0]}
    print(f"{requests} requests over two replicas:", {k: int(v) for k, v in total.items()})


def verdicts(runs: int = 200, labels: int = 20_000, looks: int = 40) -> None:
    """How often 40 looks call a verdict, and after how many labels."""
    draw = np.random.default_rng(0)
    right, wrong = PAIR_OUTCOMES
    for title, gained, lost in (
        ("no difference", 0.03, 0.03),
        ("challenger better by 1 point", 0.04, 0.03),
        ("challenger better by 2 points", 0.05, 0.03),
        ("challenger worse by 2 points", 0.03, 0.05),
    ):
        calls: dict[str, list[int]] = {"challenger better": [], "challenger worse": []}
        for _ in range(runs):
            chances = draw.random(labels)
            up, down = (chances < gained).cumsum(), (chances > 1 - lost).cumsum()
            for rows in np.linspace(labels // looks, labels, looks).astype(int):
                won, fell = float(up[rows - 1]), float(down[rows - 1])
                table = {
                    (ALL, wrong, right): won,
                    (ALL, right, wrong): fell,
                    (ALL, right, right): rows - won - fell,
                }
                values = {ROWS: {("same",): float(rows)}, PAIRS: table}
                verdict = shadow_report(CounterTotals("m", "1", "", values), 1.0, 2_000.0).verdict
                if verdict in calls:
                    calls[verdict].append(int(rows))
                    break
        for verdict, when in calls.items():
            median = statistics.median(when) if when else "-"
            print(f"{title}: {verdict} in {len(when) / runs:.1%}, median labels {median}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rate", type=float, default=150.0)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--verdicts", action="store_true")
    chosen = parser.parse_args()
    if chosen.verdicts:
        verdicts()
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        frame, target = data()
        root.mkdir()
        lay_out(root, frame, train(frame, target))
        rows = json.loads(frame.head(40).to_json(orient="records"))
        bodies = [json.dumps({"rows": [row]}).encode() for row in rows]
        for mode in chosen.modes:
            compare(root, bodies, mode, chosen)
        if chosen.count:
            count(root, bodies, chosen.count)


if __name__ == "__main__":
    main()
