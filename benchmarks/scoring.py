"""Speed and memory of ``package score``: a generated table, against the model on frames in memory.

    python benchmarks/scoring.py [ROWS] [FOLDER]

ROWS: 10,000,000 by default. FOLDER keeps package and table for the next run. The package is that of
``package init --data``: boosted trees on eight numbers, an integer and a text of three values. The
model is called in the same way as by a server, ``predict`` and ``predict_proba``, by one thread, on
frames of 200,000 rows that are already in memory. Memory is the sum of the proportional set sizes
of `package` and all its processes, looked at ten times a second. Processor seconds are those of the
model's thread and of all processes of `package`: on a busy machine they say more than the time.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PACKAGE = Path(sys.executable).parent / "package"
BLOCK, GROUP, WHOLE = 250_000, 62_500, 200_000


def table(rows: int, seed: int) -> pa.Table:
    """Features."""
    random = np.random.default_rng(seed)
    columns = {f"x{at}": random.normal(size=rows) for at in range(8)}
    columns["n"] = random.integers(0, 100, rows)
    columns["colour"] = random.choice(["red", "green", "blue"], rows)
    return pa.table(columns)


def make(folder: Path, rows: int) -> tuple[Path, Path]:
    """The package and the table, made unless they are there."""
    image, big = folder / "image", folder / f"rows-{rows}.parquet"
    if not image.exists():
        frame = table(20_000, 0).to_pandas()
        noise = np.random.default_rng(1).normal(size=len(frame)) * 0.3
        score = frame["x0"] + frame["x1"] * (frame["colour"] == "red") + noise
        frame["bought"] = np.where(score > 0, "yes", "no")
        frame.to_csv(folder / "train.csv", index=False)
        project = folder / "project"
        init = ("init", project, "--data", folder / "train.csv", "--target", "bought")
        subprocess.run([PACKAGE, *init], check=True)
        build = ("build", project, "--output", f"oci:{image}")
        no_engine = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
        subprocess.run([PACKAGE, *build], check=True, env=no_engine)
    if not big.exists():
        with pq.ParquetWriter(big, table(1, 0).schema) as writer:
            for start in range(0, rows, BLOCK):
                part = table(min(BLOCK, rows - start), start + 2)
                writer.write_table(part, row_group_size=GROUP)
    return image, big


def in_memory(image: Path, big: Path) -> tuple[float, float]:
    """Seconds, and processor seconds, of the model for a million rows, the least of three."""
    import joblib

    from packager.image.reference import open_reference
    from packager.runners.local import unpacked_package

    with open_reference(f"oci:{image}", None) as found:
        layers = found.image().layers
        names = [column.name for column in found.manifest.schema_.features]
        with unpacked_package(layers) as root:
            sys.path.insert(0, str(root.path / "code"))
            model = joblib.load(root.path / "models" / "model")
    batches = pq.ParquetFile(big).iter_batches(WHOLE, columns=names)
    frame = next(batches).to_pandas()[names]
    taken = []
    for _ in range(3):
        start, own = time.perf_counter(), time.thread_time()
        model.predict(frame)
        model.predict_proba(frame)
        taken.append((time.perf_counter() - start, time.thread_time() - own))
    wall, spent = zip(*taken, strict=True)
    return min(wall) * 1e6 / len(frame), min(spent) * 1e6 / len(frame)


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            todo += map(int, task.read_text().split())
    return found


def held(pid: int) -> int:
    """Bytes of memory of a process and all below it, shared ones divided."""
    total = 0
    for one in tree(pid):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:  # it has ended
            continue
        total += int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1])
    return total << 10


def spent_by_children() -> float:
    """Processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def scored(image: Path, big: Path, output: Path) -> tuple[float, float, int]:
    """Seconds, processor seconds, and the most memory."""
    shutil.rmtree(output, ignore_errors=True)
    command = ("score", f"oci:{image}", "--data", big, "--output", output, "--local")
    start, own = time.perf_counter(), spent_by_children()
    with subprocess.Popen(
        [PACKAGE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        most = 0

        def look() -> None:
            nonlocal most
            while process.poll() is None:
                most = max(most, held(process.pid))
                time.sleep(0.1)

        looking = threading.Thread(target=look)
        looking.start()
        code = process.wait()
        looking.join()
    if code:
        raise SystemExit(f"package score: exit code {code}")
    return time.perf_counter() - start, spent_by_children() - own, most


def main() -> None:
    """Print one line for each figure."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    image, big = make(folder, rows)
    load = os.getloadavg()[0]
    before = in_memory(image, big)
    seconds, spent, most = scored(image, big, folder / "scores")
    after = in_memory(image, big)
    model, own = (min(pair) for pair in zip(before, after, strict=True))
    print(f"model on frames in memory: {model:.2f} s a million rows, {own:.2f} of a processor")
    print(
        f"package score: {seconds:.1f} s for {rows:,} rows, {seconds / rows * 1e6:.2f} s a million"
    )
    print(f"processor seconds of all its processes: {spent / rows * 1e6:.2f} a million")
    print(f"speed relative to the model: {model * rows / 1e6 / seconds:.2f}")
    print(f"most memory of all processes: {most >> 20} MiB")
    print(f"load before {load:.1f}, after {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
