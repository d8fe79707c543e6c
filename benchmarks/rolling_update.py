"""Requests in an open loop while a command updates the model: which of them are lost.

    python benchmarks/rolling_update.py http://127.0.0.1:3000 --rate 200 --requests 40000 \\
        --log requests.jsonl -- package deploy update shop:0.2.0-… --output deployment

The command starts after a tenth of the requests. Each request starts at its time, whatever became
of those before it. Half of them have a connection of their own, half reuse one. Every request is a
line of the log: id, seconds after the start, status (0: none), version, what went wrong, seconds it
took. A request is lost if its status is not 200. The last line of stdout is a JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 60.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Load:
    """Requests to one address."""

    def __init__(self, url: str, row: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.body = json.dumps({"rows": [json.loads(row)]}).encode()
        self.idle: list[Connection] = []
        self.done: list[dict[str, Any]] = []

    async def run(self, requests: int, rate: float) -> None:
        """Start request number n at n / rate seconds; wait for all of them."""
        begun = time.perf_counter()
        tasks = []
        for number in range(requests):
            await asyncio.sleep(max(0.0, number / rate - (time.perf_counter() - begun)))
            tasks.append(asyncio.create_task(self.one(number, begun)))
        await asyncio.gather(*tasks)
        for _, writer in self.idle:
            writer.close()

    async def one(self, number: int, begun: float) -> None:
        """Send one request and record what came."""
        reuse = number % 2 == 0
        at = time.perf_counter()
        told: dict[str, Any] = {"id": number, "at": round(at - begun, 3), "reuse": reuse}
        try:
            async with asyncio.timeout(TIMEOUT):
                status, version = await self.ask(number, reuse)
            told |= {"status": status, "version": version}
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            told |= {"status": 0, "version": "", "error": f"{type(error).__name__}: {error}"}
        told["seconds"] = round(time.perf_counter() - at, 4)
        self.done.append(told)

    async def ask(self, number: int, reuse: bool) -> tuple[int, str]:
        """The status and the version of one answer."""
        pair = None
        while reuse and self.idle and (pair is None or pair[0].at_eof()):
            pair = self.idle.pop()
        if pair is None or pair[0].at_eof():
            pair = await asyncio.open_connection(self.host, self.port)
        reader, writer = pair
        keep = "keep-alive" if reuse else "close"
        head = (
            f"POST /predict HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
            f"X-Request-Id: {number}\r\nConnection: {keep}\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        kept = False
        try:
            writer.write(head.encode() + self.body)
            await writer.drain()
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            lines = answer.split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
            content = await reader.readexactly(int(headers["content-length"]))
            kept = reuse and headers.get("connection") != "close"
            status = int(lines[0].split(" ")[1])
            version = str(json.loads(content)["version"]) if status == 200 else ""
            return status, version
        except KeyError as error:
            raise ValueError(f"no {error}") from error
        finally:
            if kept:
                self.idle.append(pair)
            else:
                writer.close()


async def measured(asked: argparse.Namespace) -> int:
    """Load and command together; the exit code."""
    load = Load(asked.url, asked.row)
    running = asyncio.create_task(load.run(asked.requests, asked.rate))
    await asyncio.sleep(asked.requests / asked.rate / 10)
    begun, code = time.perf_counter(), None
    if asked.command:
        process = await asyncio.create_subprocess_exec(*asked.command, stdout=sys.stderr)
        code = await process.wait()
    took = time.perf_counter() - begun
    within = not running.done()
    await running
    load.done.sort(key=lambda one: one["id"])
    Path(asked.log).write_text("".join(json.dumps(one) + "\n" for one in load.done))
    times = sorted(one["seconds"] for one in load.done)
    lost = [one for one in load.done if one["status"] != 200]
    document = {
        "requests": len(load.done),
        "lost": len(lost),
        "statuses": Counter(one["status"] for one in load.done),
        "versions": Counter(one["version"] for one in load.done),
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "command_seconds": round(took, 1),
        "command_code": code,
        "command_ended_within": within,
        "first_lost": lost[:5],
    }
    print(json.dumps(document))
    return 1 if lost else 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=40_000)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--row", default='{"channel": "app", "basket": 3.0, "visits": 5}')
    parser.add_argument("--log", default="requests.jsonl")
    place = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    asked = parser.parse_args(sys.argv[1:place])
    asked.command = sys.argv[place + 1 :]
    return asyncio.run(measured(asked))


if __name__ == "__main__":
    sys.exit(main())
