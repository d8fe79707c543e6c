from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from monitoring.counterfiles import claim

TOP = Path(__file__).parents[2]
WORKER = """
import os, signal, sys
from pathlib import Path
from monitoring import series
from monitoring.counterfiles import claim
folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
held = claim(folder)
series.count_as(held.name)
one = series.Series("m", "1", series.REGISTRY)
counter = one.counter("events_total", "").labels("m", "1")
one.gauge("size", "")(7)
print(held.name, flush=True)
for line in sys.stdin:
    counter.inc(int(line))
    print("done", flush=True)
"""


def worker(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=TOP,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def count(process: subprocess.Popen[str], number: int) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    assert said(process) == "done"


def total(folder: Path, name: str) -> list[float]:
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return [s.value for m in registry.collect() for s in m.samples if s.name == name]


def test_a_worker_that_follows_a_killed_one_counts_on(tmp_path: Path) -> None:
    first, second = worker(tmp_path), worker(tmp_path)
    assert {said(first), said(second)} == {"w0", "w1"}
    count(first, 3)
    count(second, 4)
    for _ in range(3):
        first.send_signal(signal.SIGKILL)
        first.wait()
        first = worker(tmp_path)
        assert said(first) in ("w0", "w1")
        count(first, 10)
    assert total(tmp_path, "events_total") == [37]
    assert total(tmp_path, "size") == [7]
    for process in (first, second):
        process.kill()
        process.wait()
    assert len(list(tmp_path.glob("*.db"))) == 4


def test_gauges_of_the_moment_go_with_their_worker(tmp_path: Path) -> None:
    held = claim(tmp_path)
    others = claim(tmp_path)
    (tmp_path / "gauge_livesum_w0.db").write_bytes(b"")
    (tmp_path / "gauge_livesum_w1.db").write_bytes(b"")
    (tmp_path / "gauge_max_w0.db").write_bytes(b"")
    os.close(held.descriptor)
    held = claim(tmp_path)
    assert held.name == "w0"
    found = sorted(path.name for path in tmp_path.glob("*.db"))
    assert found == ["gauge_livesum_w1.db", "gauge_max_w0.db"]
    os.close(held.descriptor)
    os.close(others.descriptor)
