"""Compares the speed of fingerprints, in memory and as a whole process, with other hashes.

`python benchmarks/fingerprint.py [ROWS]` prints two tables in Markdown: the best of three runs,
in GB per second of processor time. Bytes are those of the numbers, or of the texts in UTF-8, or the
size of a file.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from packager.data.fingerprint import fingerprint

RANDOM = np.random.default_rng(0)
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
"""


def tables(rows: int) -> dict[str, tuple[pd.DataFrame, int]]:
    """Name → (table, size in bytes)."""
    numbers = pd.DataFrame(RANDOM.standard_normal((rows, 10))).add_prefix("c")
    whole = pd.DataFrame(RANDOM.integers(0, 10**6, (rows, 10))).add_prefix("c")
    found = {
        "floats, 10 columns": (numbers, rows * 80),
        "integers, 10 columns": (whole, rows * 80),
        "integers": (whole[["c0"]], rows * 8),
    }
    ids = RANDOM.permutation(rows)
    words = RANDOM.choice(["Premium", "Ideal", "Very Good", "Fair"], rows).tolist()
    texts = {
        "text, 3 letters, 1,000 values": [f"{i % 1000:03d}" for i in ids],
        "text, 8 letters, all distinct": [f"{i:08d}" for i in ids],
        "text, 18 letters, all distinct": [f"customer {i:09d}" for i in ids],
        "text, 60 letters, all distinct": [f"{'brown fox ' * 4}over {i:015d}" for i in ids],
        "text, 4 values": words,
    }
    objects = {word: word for word in words}
    shared = pd.Series([objects[word] for word in words], dtype=object)
    for name, values in texts.items():
        size = sum(map(len, values))
        for dtype, label in ((object, "Python strings"), ("string[pyarrow]", "Arrow")):
            found[f"{name}, {label}"] = (pd.DataFrame({"c": pd.Series(values, dtype=dtype)}), size)
    size = sum(map(len, words))
    found["text, 4 values, Python strings as a reader of CSV shares them"] = (
        pd.DataFrame({"c": shared}), size
    )  # fmt: skip
    for name in ("text, 8 letters, all distinct", "text, 4 values"):
        for label in ("Python strings", "Arrow"):
            one, bytes_of_one = found[f"{name}, {label}"]
            ten = pd.concat([one["c"].rename(f"c{i}") for i in range(10)], axis=1)
            found[f"{name}, {label}, 10 columns"] = (ten, 10 * bytes_of_one)
    return found


def seconds(run: Callable[[], object]) -> float:
    """The minimum of three runs in seconds of processor time, which excludes other processes."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def in_memory(rows: int) -> None:
    print("| in memory | dfp/1 | pandas.util.hash_pandas_object | ns a row |\n|---|---|---|---|")
    for name, (frame, size) in tables(rows).items():
        ours = seconds(lambda frame=frame: fingerprint(frame))
        theirs = seconds(lambda frame=frame: pd.util.hash_pandas_object(frame, index=False))
        print(f"| {name} | {size / ours / 1e9:.2f} | {size / theirs / 1e9:.2f} "
              f"| {ours / rows * 1e9:.0f} |")  # fmt: skip


def whole_process(rows: int, folder: Path) -> None:
    frame = pd.DataFrame(RANDOM.standard_normal((rows, 10))).add_prefix("c")
    for i, name in enumerate(("s", "t")):
        frame[name] = [f"customer {v:09d}" for v in RANDOM.permutation(rows) + i]
    frame.to_parquet(folder / "t.parquet")
    frame.to_csv(folder / "t.csv", index=False)
    print("\n| whole process | MB | seconds | GB/s | largest memory, MB |\n|---|---|---|---|---|")
    package = [str(Path(sys.executable).with_name("package")), "data", "fingerprint"]
    for file in (folder / "t.parquet", folder / "t.csv"):
        size = file.stat().st_size
        for name, command in (("package data fingerprint", [*package, str(file)]),
                              ("sha256sum", ["sha256sum", str(file)]),
                              ("md5sum", ["md5sum", str(file)])):  # fmt: skip
            done = subprocess.run(
                [sys.executable, "-c", MEASURE, *command], check=True, capture_output=True
            )
            memory, took = map(float, done.stdout.split())
            print(f"| {name} {file.suffix} | {size / 1e6:.0f} | {took:.1f} "
                  f"| {size / took / 1e9:.2f} | {memory / 1000:.0f} |")  # fmt: skip


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    in_memory(count)
    block = RANDOM.bytes(1 << 28)
    for method in ("md5", "sha256"):
        took = seconds(lambda method=method: hashlib.new(method, block).digest())
        print(f"| {method} of bytes | {len(block) / took / 1e9:.2f} | | |")
    with tempfile.TemporaryDirectory() as name:
        whole_process(count, Path(name))
