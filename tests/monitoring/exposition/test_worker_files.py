from __future__ import annotations

import errno
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from monitoring.exposition.render import Rendering
from monitoring.exposition.worker_files import CounterFile, repair_all, worker_name
from monitoring.metrics.restarts import REASONS, RestartCounts

TOP = Path(__file__).parents[3]
WORKER = """
import os, sys
from pathlib import Path
from monitoring.metrics import registry
from monitoring.exposition.worker_files import repair_all, worker_name
folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
registry.use_worker_files(worker_name(folder, int(sys.argv[1])))
one = registry.Series("m", "1", registry.REGISTRY)
events = one.counter("events_total", "", "kind")
counter = events.labels("m", "1", "é")
one.gauge("size", "")(7)
print("ready", flush=True)
for line in sys.stdin:
    if line.startswith("more"):
        for number in range(int(line.split()[1])):
            events.labels("m", "1", f"{number} " + "x" * 200).inc()
    elif line.startswith("repair"):
        print(repair_all(), end=" ")
    else:
        counter.inc(int(line))
    print("done", flush=True)
"""


def written(path: Path) -> dict[str, float]:
    """The values in a file of counters, by key, as prometheus_client reads it."""
    return {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))}


def worker(folder: Path, number: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(number)],
        cwd=TOP,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert said(process) == "ready"
    return process


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ask(process: subprocess.Popen[str], line: object) -> str:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return said(process)


def total(folder: Path, name: str) -> list[float]:
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return [s.value for m in registry.collect() for s in m.samples if s.name == name]


@pytest.fixture
def one(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = worker(tmp_path, 1)
    yield process
    process.kill()
    process.wait()


@pytest.mark.slow
def test_a_worker_that_follows_a_killed_one_counts_on(tmp_path: Path) -> None:
    first, second = worker(tmp_path, 1), worker(tmp_path, 2)
    ask(first, 3)
    ask(second, 4)
    for _ in range(3):
        first.send_signal(signal.SIGKILL)
        first.wait()
        first = worker(tmp_path, 1)
        ask(first, 10)
    assert total(tmp_path, "events_total") == [37]
    assert total(tmp_path, "size") == [7]
    for process in (first, second):
        process.kill()
        process.wait()
    assert len(list(tmp_path.glob("*.db"))) == 4


def test_live_gauges_end_with_their_worker(tmp_path: Path) -> None:
    for name in ("gauge_livesum_w1", "gauge_livesum_w2", "gauge_livesum_w11", "gauge_max_w1"):
        (tmp_path / f"{name}.db").write_bytes(b"")
    assert worker_name(tmp_path, 1) == "w1"
    found = sorted(path.name for path in tmp_path.glob("*.db"))
    assert found == ["gauge_livesum_w11.db", "gauge_livesum_w2.db", "gauge_max_w1.db"]


@pytest.mark.slow
def test_no_file_has_holes(tmp_path: Path, one: subprocess.Popen[str]) -> None:
    assert ask(one, "more 2000") == "done"
    for path in tmp_path.glob("*.db"):
        found = path.stat()
        assert found.st_blocks * 512 >= found.st_size, path
    assert sum(total(tmp_path, "events_total")) == 2_000


@pytest.mark.parametrize("way", ["file", "folder", "cut", "replaced"])
def test_a_deleted_file_is_written_again_with_all_counts(
    tmp_path: Path, one: subprocess.Popen[str], way: str
) -> None:
    ask(one, 5)
    path = tmp_path / "counter_w1.db"
    if way == "file":
        path.unlink()
    elif way == "folder":
        shutil.rmtree(tmp_path)
    elif way == "cut":
        os.truncate(path, 0)
    else:
        path.unlink()
        path.write_bytes(b"")
    assert ask(one, "repair") == "0 done"
    assert total(tmp_path, "events_total") == [5]
    assert total(tmp_path, "size") == [7]
    ask(one, 2)
    assert total(tmp_path, "events_total") == [7]


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "counter_w1.db"
    path.write_bytes(struct.pack("iiii", 4_000, 0, -5, 7) + bytes(5_000))
    file = CounterFile(str(path))
    file.write_value("a", 1.0, 0.0)
    file.close()
    assert written(path) == {"a": 1.0}
    assert path.with_suffix(".damaged").exists()


@pytest.mark.slow
def test_without_room_numbers_wait_in_memory_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """``full`` is what a full disk does; a real one is in the server tests."""
    full = True
    allocate = os.posix_fallocate

    def fallocate(descriptor: int, start: int, size: int) -> None:
        if full and start + size > os.fstat(descriptor).st_size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        allocate(descriptor, start, size)

    monkeypatch.setattr("monitoring.exposition.worker_files.os.posix_fallocate", fallocate)
    monkeypatch.setattr("monitoring.exposition.worker_files.RETRY_SECONDS", 0.0)
    path = tmp_path / "counter_w1.db"
    file = CounterFile(str(path))
    repair_all()
    for number in range(1_000):
        file.write_value(f"{number} {'x' * 200}", number, 0.0)
    assert repair_all() == 1_000
    assert file.read_value(f"7 {'x' * 200}") == (7, 0)
    full = False
    assert repair_all() == 0
    assert sum(written(path).values()) == sum(range(1_000))
    told = [record.getMessage() for record in caplog.records]
    assert "counts are kept in memory only: [Errno 28] No space left" in told[0]
    assert "counts are written again, none is lost" in told[-1]
    assert len(told) == 2
    file.close()


def test_a_write_from_another_thread_is_not_lost_by_a_repair(tmp_path: Path) -> None:
    path = tmp_path / "counter_w1.db"
    file = CounterFile(str(path))
    until = time.monotonic() + 0.5

    def count() -> int:
        number = 0
        while time.monotonic() < until:
            number += 1
            file.write_value("a", number, 0.0)
        return number

    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(count)
        while not counted.done():
            path.unlink(missing_ok=True)
            file.repair()
    assert written(path) == {"a": counted.result()}


def test_the_supervisor_s_counts_are_lines_of_a_scrape(tmp_path: Path) -> None:
    counts = RestartCounts(tmp_path, "a model", "1.0")
    counts.add("memory")
    counts.add("memory")
    counts.add("hang")
    text = Rendering(str(tmp_path)).rebuild().decode()
    line = 'model_worker_restarts_total{model="a model",reason="memory",version="1.0"} 2.0'
    assert line in text.splitlines()
    assert text.count("model_worker_restarts_total{") == len(REASONS)
    assert counts.total() == 3
