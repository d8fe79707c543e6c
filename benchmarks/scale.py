"""Measures what a Prometheus needs for many replicas: memory, samples, bytes and rules.

    python benchmarks/scale.py REF [--replicas 10 50 100] [--seconds 120] [--interval 15]

Serves an OCI folder in a process, sends it 2,000 rows, and answers its ``/metrics`` from one
address for each replica, with counters that grow at every scrape. A real Prometheus (Debian's
``prometheus``) scrapes them with the rules of ``package deploy monitoring``. Prints the series and
bytes of a replica, and for each number of replicas what Prometheus says about itself: series in the
head, samples of one scrape of all, memory, processor, seconds of an evaluation of all rules.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
from real_prometheus import Prometheus, configured_prometheus

PACKAGE = Path(sys.executable).parent / "package"
ROWS = 2_000
SAMPLE = re.compile(rb"^(model_\w+(?:_total|_bucket|_count|_sum)\{[^\n]*\}) (\S+)$", re.MULTILINE)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference")
    parser.add_argument("--replicas", type=int, nargs="+", default=[10, 50, 100])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--interval", type=int, default=15)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = exposition(chosen.reference)
        model = re.findall(rb'model="([^"]+)"', text)[0].decode()
        print(f"a replica: {text.count(b'{')} series, {len(text) / 1e3:.1f} kB", flush=True)
        subprocess.run(
            [PACKAGE, "deploy", "monitoring", chosen.reference, "--output", folder / "watch"],
            check=True, capture_output=True,
        )  # fmt: skip
        rules = folder / "watch" / "prometheus" / "rules" / f"{model}.yml"
        print("replicas   series  samples  RSS MB  CPU %  rules s", flush=True)
        for replicas in chosen.replicas:
            measure(folder / str(replicas), text, model, rules, replicas, chosen)
    return 0


def exposition(reference: str) -> bytes:
    """``/metrics`` of a real server after some rows."""
    process = subprocess.Popen(
        [PACKAGE, "serve", reference, "--local", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/schema") as answer:
            example = json.load(answer)["example"]
        row = example["rows"][0] if "rows" in example else example
        body = json.dumps({"rows": [row] * (ROWS // 20)}).encode()
        for _ in range(20):
            urllib.request.urlopen(f"{url}/predict", body).read()
        time.sleep(2)
        with urllib.request.urlopen(f"{url}/metrics") as answer:
            found: bytes = answer.read()
        return found
    finally:
        process.terminate()
        process.wait()


@contextmanager
def replicas_of(text: bytes, count: int) -> Iterator[list[str]]:
    """Addresses that answer ``text`` with values that grow, as of replicas with traffic."""
    scrapes = [0] * count

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = self.server.server_address[1]
            index = ports.index(place)
            scrapes[index] += 1
            grown = SAMPLE.sub(
                lambda one: one[1] + b" %d" % (float(one[2]) * (1 + scrapes[index] / 10)), text
            )
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(grown)))
            self.end_headers()
            self.wfile.write(grown)

        def log_message(self, *_: object) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(count)]
    ports = [server.server_address[1] for server in servers]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield [f"127.0.0.1:{port}" for port in ports]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def measure(
    folder: Path,
    text: bytes,
    model: str,
    rules: Path,
    replicas: int,
    chosen: argparse.Namespace,
) -> None:
    """A row of the table."""
    folder.mkdir()
    with replicas_of(text, replicas) as targets:
        config = {
            "global": {"scrape_interval": f"{chosen.interval}s", "evaluation_interval": "15s"},
            "rule_files": [str(rules)],
            "scrape_configs": [
                {"job_name": model, "static_configs": [{"targets": targets}]},
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with configured_prometheus(folder, folder / "prometheus.yml") as server:
            time.sleep(chosen.seconds)
            print(row(server, replicas, chosen.seconds), flush=True)


def row(server: Prometheus, replicas: int, seconds: float) -> str:
    """Prometheus's metrics about itself."""
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        lines = [line for line in answer.read().decode().splitlines() if line[0] != "#"]
    own = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
    evaluated = sum(
        value for name, value in own.items()
        if name.startswith("prometheus_rule_group_last_duration_seconds")
    )  # fmt: skip
    return (
        f"{replicas:8}  {own['prometheus_tsdb_head_series']:7.0f}"
        f"  {server.value('sum(scrape_samples_scraped)'):7.0f}"
        f"  {own['process_resident_memory_bytes'] / 1e6:6.0f}"
        f"  {100 * own['process_cpu_seconds_total'] / seconds:5.1f}  {evaluated:7.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
