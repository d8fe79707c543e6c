"""Compares the speed of the fingerprint of arrays and of image folders with that of reading them.

`python benchmarks/array_fingerprint.py [GIGABYTES]` writes `.npy` files of three dtypes and a
folder of files of 30 kB, and prints a table in Markdown: GB of the files per second of processor
time (user and system, all threads) and of wall clock, the best of three runs. Each file is in the
page cache.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from packager.digest import sha256_file
from packager.manifest.read_options import DEFAULT_OPTIONS, FileRows, TableReadOptions
from packager.tables import stream

ELEMENTS = 784
FILE_BYTES = 30_000
IMAGES = TableReadOptions(files=FileRows(content="image", folder="label"))


def sources(folder: Path, size: int) -> dict[str, tuple[Path, TableReadOptions]]:
    """Name → source of about ``size`` bytes below ``folder``, and how it is read."""
    found: dict[str, tuple[Path, TableReadOptions]] = {}
    random = np.random.default_rng(0)
    for dtype in ("float32", "float64", "uint8"):
        rows = size // ELEMENTS // np.dtype(dtype).itemsize
        file = folder / f"{dtype}.npy"
        np.save(file, (random.random((rows, ELEMENTS), np.float32) * 255).astype(dtype))
        found[f"arrays of {ELEMENTS} {dtype}"] = (file, DEFAULT_OPTIONS)
    for place in range(size // FILE_BYTES):
        file = folder / "images" / f"class {place % 10}" / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.bytes(FILE_BYTES))
    found[f"a folder of files of {FILE_BYTES // 1000} kB"] = (folder / "images", IMAGES)
    return found


def fastest(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time and of wall clock, each the least of three runs."""
    processor, wall = [], []
    for _ in range(3):
        started, began = time.process_time(), time.perf_counter()
        run()
        processor.append(time.process_time() - started)
        wall.append(time.perf_counter() - began)
    return min(processor), min(wall)


def rows_alone(path: Path, options: TableReadOptions) -> object:
    """The fingerprint without the digests of the files."""
    return stream._print(stream.blocks(path, options)).result()


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 0.5) * 1e9)
    print("| GB/s of processor time, of wall clock | fingerprint | its rows | SHA-256 | reading |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for label, (path, options) in sources(Path(name), size).items():
            files = [path] if path.is_file() else [*path.rglob("*.png")]
            total = sum(file.stat().st_size for file in files) / 1e9
            runs: list[Callable[[], object]] = [
                lambda path=path, options=options: stream.fingerprint_path(path, options),
                lambda path=path, options=options: rows_alone(path, options),
                lambda files=files: [sha256_file(file) for file in files],
                lambda files=files: sum(len(file.read_bytes()) for file in files),
            ]
            speeds = (tuple(total / one for one in fastest(run)) for run in runs)
            cells = (f"{processor:.2f}, {wall:.2f}" for processor, wall in speeds)
            print(f"| {label} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
