"""Tests tables with killed writers, concurrent writers and `gc`, and a full disk.

`.venv/bin/python benchmarks/table_trials.py [KILLS]` kills `add` with -9 at random moments (default
20), then runs two writers and `gc` on one table at once, and as root adds to a table on a small
disk until it is full. After each step every version must be readable with its original rows.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from packager.errors import PackageError
from packager.location import Location
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable

SUPPORT = str(Path(__file__).parent.parent / "tests" / "support")
ROWS = 60_000
PLACES = f"""
import sys
sys.path.insert(0, {SUPPORT!r})
import pandas as pd
from packager.tables.commit import commit_rows
from packager.tables.vacuum import vacuum
from packager.location import Location
from frame_sources import frame_source
place = Location(sys.argv[1])
def rows(value):
    return frame_source(pd.DataFrame({{"x": [float(value)] * {ROWS}}}))
sys.stderr.write("ready\\n")
"""
WRITER = PLACES + "commit_rows(rows(sys.argv[2]), place, sys.argv[2], 'me')"
WRITERS = PLACES + "for i in range(10): commit_rows(rows(f'{sys.argv[2]}{i:02}'), place, 'w', 'me')"
COLLECTOR = PLACES + "for i in range(20): vacuum(place, 1, [1], delete=True)"


def start(code: str, place: Location, *words: str) -> subprocess.Popen[str]:
    """Start a process that runs ``code`` on the table."""
    command = [sys.executable, "-c", code, place.uri, *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while process.stderr.readline().strip() != "ready":
        pass
    return process


def intact(place: Location, *, every: bool = True) -> list[int]:
    """The versions of a table; exits if the rows of one differ from its message."""
    store = VersionedTable.open(place)
    for version in store.versions if every else store.versions[-1:]:
        found = pd.concat(list(store.frames(version.number)))["x"]
        wrong = version.message != "w" and found.iloc[0] != float(version.message)
        if len(found) != ROWS or found.nunique() != 1 or wrong:
            raise SystemExit(f"version {version.number} has other rows than it was given")
    return [version.number for version in store.versions]


def kills(place: Location, times: int) -> None:
    started = time.perf_counter()
    start(WRITER, place, "1").wait()
    whole = time.perf_counter() - started
    codes, draw = [], random.Random(7)
    for value in range(2, times + 2):
        process = start(WRITER, place, str(value))
        time.sleep(whole * draw.random() * 0.5)
        process.send_signal(signal.SIGKILL)
        codes.append(process.wait())
        intact(place, every=False)
    versions = intact(place)
    print(f"{codes.count(-9)} of {times} writers killed, {len(versions)} versions, all intact")
    if versions != list(range(1, len(versions) + 1)):
        raise SystemExit(f"expected versions without gaps, got {versions}")


def meetings(place: Location) -> None:
    _add(pd.DataFrame({"x": [0.0] * ROWS}), place, "0")
    running = [start(WRITERS, place, "1"), start(WRITERS, place, "2"), start(COLLECTOR, place)]
    codes = [process.wait() for process in running]
    numbers = [version.number for version in VersionedTable.open(place).versions]
    intact(place, every=False)
    intact(Location(place.uri, 1), every=False)
    print(f"two writers and gc: ended with {codes}, {len(numbers)} versions of 21 in the log")
    if len(numbers) != 21:
        raise SystemExit("versions were lost")


def full_disk(folder: Path) -> None:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    place, draw, told = Location(str(folder / "t")), random.Random(7), 0
    try:
        kept = []
        for value in range(12):
            frame = pd.DataFrame({"x": [draw.random() for _ in range(30_000)]})
            try:
                _add(frame, place, str(value))
                kept.append(frame["x"].tolist())
            except PackageError as error:
                told += 1
                said = error.message
        store = VersionedTable.open(place)
        found = [pd.concat(list(store.frames(v.number)))["x"].tolist() for v in store.versions]
        left = len(list(place.path.glob("*.parquet"))) if place.path else 0
        print(f"full disk: {len(found)} versions, {told} refused ({said}), {left} data files")
        if found != kept or left != len(kept):
            raise SystemExit("rows were lost, or left over")
    finally:
        subprocess.run(["umount", folder], check=True)


def _add(frame: pd.DataFrame, place: Location, message: str) -> None:
    from frame_sources import frame_source

    commit_rows(frame_source(frame), place, message, "me")


def main(times: int) -> None:
    sys.path.insert(0, SUPPORT)
    with tempfile.TemporaryDirectory() as name:
        kills(Location(f"{name}/kills"), times)
        meetings(Location(f"{name}/meetings"))
        if os.geteuid() == 0:
            full_disk(Path(name) / "disk")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
