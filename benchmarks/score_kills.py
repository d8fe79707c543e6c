"""Killed runs of ``package score``: do they resume to the files of an undisturbed run?

    python benchmarks/score_kills.py [KILLS] [FOLDER] [--package REF --data TABLE]

KILLS: 20 by default. FOLDER keeps package and table for the next run (``benchmarks/scoring.py``
makes the package). The table has 30,000 rows in 30 row groups; the schema refuses every 997th row.
``--package`` and ``--data`` are another package and table, of several units. Parts are Parquet,
with ``--bad null``. An undisturbed run is timed. Then, for each of KILLS moments that divide the
time between its first part and its end, a run is killed (SIGKILL) at that moment and resumed, and
every file of its folder is compared: parts, counters, rejected rows, the list of parts.
Prints a line for each; the exit code is 1 if one differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from scoring import PACKAGE, make, table

ROWS, GROUP, ODD = 30_000, 1_000, 997


def rows_file(folder: Path) -> Path:
    """The table, made unless it is there: ``n`` is no integer in every 997th row."""
    path = folder / "rows-odd.parquet"
    if not path.exists():
        frame = table(ROWS, 5).to_pandas()
        frame["n"] = frame["n"].astype("float64")
        frame.loc[::ODD, "n"] += 0.5
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(rows, path, row_group_size=GROUP)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def await_part(output: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a file of a part is begun, or the process ends."""
    while process.poll() is None and not [*output.glob("*part-*")]:
        time.sleep(0.005)


def main(kills: int, folder: Path, reference: str, data: Path) -> int:
    """Kill and compare; return how many outputs differ, at most 1."""
    whole, killed = folder / "whole", folder / "killed"
    shutil.rmtree(whole, ignore_errors=True)
    environment = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}

    def start(output: Path) -> subprocess.Popen[bytes]:
        given = ("score", reference, "--data", data, "--output", output, "--local")
        command = [PACKAGE, *given, "--bad", "null", "--resume"]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)

    process = start(whole)
    await_part(whole, process)
    began = time.monotonic()
    if process.wait():
        raise SystemExit("the undisturbed run failed")
    lasted, wanted, other = time.monotonic() - began, contents(whole), 0
    print(f"undisturbed: {lasted:.1f} s from the first part on, {len(wanted)} files", flush=True)
    for kill in range(1, kills + 1):
        shutil.rmtree(killed, ignore_errors=True)
        process = start(killed)
        await_part(killed, process)
        time.sleep(lasted * (kill - 1) / kills)
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = len([*killed.glob("part-*")])
        code = start(killed).wait()
        same = code == 0 and contents(killed) == wanted
        other += not same
        print(f"kill {kill}: {left} parts were left, {'same' if same else 'DIFFERS'}", flush=True)
    print(f"{kills - other} of {kills} equal the undisturbed run")
    return min(other, 1)


def run() -> int:
    """Read the command line, and make what it does not name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--package")
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = (given.folder or Path(made)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        reference = given.package or f"oci:{make(folder, 1)[0]}"
        return main(given.kills, folder, reference, given.data or rows_file(folder))


if __name__ == "__main__":
    sys.exit(run())
