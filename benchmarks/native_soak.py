"""Memory, counters and answers of a server whose rows all go to the model's processes.

    python benchmarks/native_soak.py [--minutes 10] [--rate N] [--rows 30000] [--kills 20]
        [--processes 2]

Makes the package of ``tabular_package.py`` twice, with its compiled form and without, and

1. sends ``--rows`` rows to servers of both, 100 at a time, and compares the answers: predictions
   and flags must be equal, probabilities within 1e-9 (docs/compiled.md);
2. sends rows to the server without a compiled form for ``--minutes``, and reads the memory of all
   its processes: it may grow by 5 % and 8 MiB from the second quarter of the time to the last.
   ``--rate`` bounds the requests of ten rows a second; without it, eight clients wait for nothing;
3. kills a model process ``--kills`` times under load.

Each time the counters of ``/metrics`` must be those that the clients saw. Exits with 1 if anything
differs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bare_package import write_manifest
from driven_server import free_port, serving
from tabular_package import data, train
from tabular_package import lay_out as lay_out_package

from packager.manifest.manifest import Manifest

FORMS = ("compiled", "native")
TOLERANCE = 1e-9
CLIENTS = 8
ROWS_A_REQUEST = 100
SAMPLE_SECONDS = 2.0
REPORTS = 12
"""Lines of memory over the time."""
MAX_GROWTH, MAX_GROWTH_BYTES = 0.05, 8 << 20
COUNTED_SECONDS = 1.0
PAUSE_SECONDS = 0.4
MAX_WAIT_SECONDS = 90.0
"""For a model process that was killed often before."""


class Clients:
    """Threads that send bodies in turn and count the answers by status."""

    def __init__(self, port: int, bodies: Sequence[bytes], rate: float = 0.0) -> None:
        self.outcomes: Counter[int] = Counter()
        self._port, self._bodies = port, bodies
        self._pause = CLIENTS / rate if rate else 0.0
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self._stop.is_set():
            number += 1
            connection.request("POST", "/predict", self._bodies[number % len(self._bodies)])
            reply = connection.getresponse()
            reply.read()
            with self._lock:
                self.outcomes[reply.status] += 1
            self._stop.wait(self._pause)
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = lay_out(folder, chosen.processes)
        wrong = bool(chosen.rows) and compare(folder, rows_of(frame, chosen.rows))
        bodies = [encoded(rows) for rows in requests_of(rows_of(frame, 2_000), 10)]
        wrong += soak(folder, bodies, chosen.minutes * 60, chosen.rate)
        wrong += kill(folder, bodies, chosen.kills)
    sys.exit(1 if wrong else 0)


def lay_out(folder: Path, processes: int) -> pd.DataFrame:
    """Write the packages ``compiled`` and ``native`` of one model; its training rows."""
    frame, target = data()
    model = train(frame, target)
    for name in ("compiled", "native"):
        root = folder / name
        root.mkdir()
        lay_out_package(root, frame, model)
    manifest = Manifest.load(root / "package" / "manifest.json")
    serve = manifest.serve.model_copy(update={"workers": 2, "processes": processes})
    none = Manifest.model_fields["compiled"].get_default(call_default_factory=True)
    write_manifest(root, manifest.model_copy(update={"serve": serve, "compiled": none}))
    return frame


def rows_of(frame: pd.DataFrame, count: int) -> list[dict[str, Any]]:
    """Rows with values of the training rows and with others, within and beyond its range."""
    random = np.random.default_rng(11)
    drawn = frame.sample(count, replace=True, random_state=11).reset_index(drop=True)
    for name in drawn.select_dtypes("number"):
        drawn[name] = drawn[name] * random.choice(
            [1.0, 1.5, -3.0, 1e6], count, p=[0.7, 0.1, 0.1, 0.1]
        )
    return drawn.to_dict("records")


def requests_of(rows: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def encoded(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps({"rows": rows}).encode()


@contextmanager
def server(folder: Path, name: str) -> Iterator[tuple[int, int]]:
    """A server of the package ``name``: its process and port, once it is ready."""
    port = free_port()
    root = folder / name
    variables = {"MODEL_ROOT": str(root), "MODEL_PORT": str(port), "MODEL_HOST": "127.0.0.1"}
    os.environ["MODEL_FEEDBACK"] = "off"
    with serving([sys.executable, "-m", "serving"], port, folder, **variables) as process:
        wait_ready(port)
        yield process, port


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def wait_ready(port: int) -> None:
    until = time.monotonic() + MAX_WAIT_SECONDS
    while get(port, "/readyz")[0] != 200 and time.monotonic() < until:
        time.sleep(0.1)


def compare(folder: Path, rows: list[dict[str, Any]]) -> bool:
    """Whether any answer of the compiled form differs from the model's."""
    answers = {}
    for name in ("compiled", "native"):
        with server(folder, name) as (_, port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            found: list[dict[str, Any]] = []
            for part in requests_of(rows, ROWS_A_REQUEST):
                connection.request("POST", "/predict", encoded(part))
                reply = connection.getresponse()
                text = reply.read()
                assert reply.status == 200, text
                found += json.loads(text)["predictions"]
            time.sleep(COUNTED_SECONDS)
            forms = {form: metric(port, "model_rows_total", f'form="{form}"') for form in FORMS}
            sys.stdout.write(f"{name}: {len(found)} rows, by form {forms}\n")
            answers[name] = found
    pairs = list(zip(answers["compiled"], answers["native"], strict=True))
    differ = sum(plain(one) != plain(other) for one, other in pairs)
    furthest = max(distance(one, other) for one, other in pairs)
    sys.stdout.write(
        f"predictions or flags that differ: {differ} of {len(rows)};"
        f" probabilities differ by at most {furthest:.1e}\n"
    )
    return differ > 0 or furthest > TOLERANCE


def plain(answer: dict[str, Any]) -> tuple[Any, Any]:
    return answer["prediction"], answer["flags"]


def distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of a probability."""
    chances, others = one["probabilities"], other["probabilities"]
    assert chances.keys() == others.keys()
    return max(abs(chances[name] - others[name]) for name in chances)


def metric(port: int, name: str, label: str = "") -> int:
    """The sum of a counter's samples that have ``label``."""
    _, text = get(port, "/metrics")
    lines = [one for one in text.splitlines() if one.startswith(f"{name}{{") and label in one]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))


def soak(folder: Path, bodies: Sequence[bytes], seconds: float, rate: float) -> bool:
    """Whether memory grows, or counters differ."""
    samples: dict[str, list[int]] = {}
    with server(folder, "native") as (process, port):
        began = time.monotonic()
        until, told = began + seconds, began
        with Clients(port, bodies, rate) as clients:
            while (now := time.monotonic()) < until:
                sizes = memory(process)
                for kind, size in sizes.items():
                    samples.setdefault(kind, []).append(size)
                if now >= told:
                    told += seconds / REPORTS
                    sys.stdout.write(f"{(now - began) / 60:5.1f} min {shown(sizes)}\n")
                    sys.stdout.flush()
                time.sleep(SAMPLE_SECONDS)
        wrong = counted(port, clients.outcomes)
    for kind, sizes in samples.items():
        quarter = max(1, len(sizes) // 4)
        early = statistics.median(sizes[quarter : 2 * quarter] or sizes)
        late = statistics.median(sizes[-quarter:])
        grows = late > early * (1 + MAX_GROWTH) + MAX_GROWTH_BYTES
        sys.stdout.write(
            f"{kind:<16} second quarter {early / 1e6:6.1f} MB, last {late / 1e6:6.1f} MB"
            f"{'  GROWS' if grows else ''}\n"
        )
        wrong |= grows
    return wrong


def shown(sizes: dict[str, int]) -> str:
    return ", ".join(f"{kind} {size / 1e6:.1f} MB" for kind, size in sizes.items())


def memory(supervisor: int) -> dict[str, int]:
    """Resident bytes by kind of process."""
    sizes: Counter[str] = Counter(supervisor=resident(supervisor))
    below = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    for child in map(int, below):
        sizes["model processes" if is_model(child) else "workers"] += resident(child)
    return dict(sizes)


def resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def is_model(process: int) -> bool:
    return b"modelhost" in Path(f"/proc/{process}/cmdline").read_bytes()


def kill(folder: Path, bodies: Sequence[bytes], kills: int) -> bool:
    """Whether counters differ after so many kills of a model process under load."""
    if not kills:
        return False
    random = np.random.default_rng(3)
    with server(folder, "native") as (supervisor, port):
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children")
        with Clients(port, bodies) as clients:
            for _ in range(kills):
                wait_ready(port)
                models = [one for one in map(int, children.read_text().split()) if is_model(one)]
                os.kill(int(random.choice(models)), signal.SIGKILL)
                time.sleep(PAUSE_SECONDS)
        ended = metric(port, "model_process_restarts_total")
        sys.stdout.write(f"killed {kills} model processes; the server counted {ended}\n")
        return counted(port, clients.outcomes) or ended != kills


def counted(port: int, outcomes: Counter[int]) -> bool:
    """Whether the server's counters differ from what clients saw."""
    time.sleep(COUNTED_SECONDS)
    wrong = False
    for code in (2, 4, 5):
        seen = sum(count for status, count in outcomes.items() if status // 100 == code)
        name, label = "model_request_duration_seconds_count", f'code="{code}xx"'
        own = metric(port, name, label)
        wrong |= own != seen
        sys.stdout.write(f"{code}xx: clients saw {seen}, the server counted {own}\n")
    rows, own = 10 * outcomes[200], metric(port, "model_predictions_total")
    sys.stdout.write(f"rows: clients saw {rows}, the server counted {own}\n")
    return wrong or rows != own


if __name__ == "__main__":
    main()
