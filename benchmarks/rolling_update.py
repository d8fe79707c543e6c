"""Requests in an open loop while a command updates the model: which of them are lost.

    python benchmarks/rolling_update.py http://127.0.0.1:3000 --rate 200 --requests 40000 \\
        --log requests.jsonl -- package deploy update shop:0.2.0-… --output deployment

The command starts after a tenth of the requests. However long it takes, requests go on until
another tenth was answered after its end, so there may be more than ``--requests``. Each request
starts at its time, whatever became of those before it. Half of them have a connection of their own,
half reuse one. Every request is a line of the log: id, seconds after the start, status (0: none),
version, what went wrong, seconds from when it was due to its answer. A request is lost if its
status is not 200. The last line of stdout is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
from open_load import OpenLoad, Sent


def measured(asked: argparse.Namespace) -> int:
    """Load and command together; the exit code."""
    body = json.dumps({"rows": [json.loads(asked.row)]}).encode()
    port = urlsplit(asked.url).port or 80
    load = OpenLoad(port, body, asked.rate, lambda number: number % 2 == 0)
    start = time.monotonic()
    with load.running():
        time.sleep(asked.requests / asked.rate / 10)
        begun, code = time.monotonic(), None
        if asked.command:
            code = subprocess.run(asked.command, stdout=sys.stderr, check=False).returncode
        took = time.monotonic() - begun
        load.wait(max(asked.requests, load.count + asked.requests // 10))
    done = sorted(load.sent, key=lambda one: one.number)
    lines = [_line(one, start) for one in done]
    Path(asked.log).write_text("".join(json.dumps(one) + "\n" for one in lines))
    times = sorted(one.seconds for one in done)
    document = {
        "requests": load.count,
        "lost": len(load.lost()),
        "statuses": Counter(one.status for one in done),
        "versions": Counter(one.version for one in done),
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "command_seconds": round(took, 1),
        "command_code": code,
        "first_lost": [one for one in lines if one["status"] != 200][:5],
    }
    print(json.dumps(document))
    return 1 if load.lost() else 0


def _line(one: Sent, start: float) -> dict[str, Any]:
    told = {"id": one.number, "at": round(one.at - start, 3), "reuse": one.kept}
    told |= {"status": one.status, "version": one.version, "seconds": round(one.seconds, 4)}
    return {**told, "error": one.error} if one.error else told


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=40_000, help="at least")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--row", default='{"channel": "app", "basket": 3.0, "visits": 5}')
    parser.add_argument("--log", default="requests.jsonl")
    place = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    asked = parser.parse_args(sys.argv[1:place])
    asked.command = sys.argv[place + 1 :]
    return measured(asked)


if __name__ == "__main__":
    sys.exit(main())
