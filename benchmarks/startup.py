"""Measures processor time and memory of commands that should respond at once.

    python benchmarks/startup.py [REF] [--runs 9]

REF is a package for ``package inspect``. Each command runs once to fill the disk cache, then
``--runs`` times; the table has medians of user and system time, and the maximal peak memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "package")


def usage(arguments: list[str]) -> tuple[float, float]:
    """Seconds of processor time and megabytes of peak memory of one run."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([PROGRAM, *arguments], stdout=quiet, stderr=quiet)
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"error: package {' '.join(arguments)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", nargs="?", help="a package to inspect")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    commands = [["--help"], ["data", "--help"]]
    if options.reference:
        commands.append(["inspect", options.reference])
    print("| command | processor time, s | peak, MB |\n|---|---|---|")
    for arguments in commands:
        usage(arguments)
        runs = [usage(arguments) for _ in range(options.runs)]
        seconds = statistics.median(seconds for seconds, _ in runs)
        peak = max(peak for _, peak in runs)
        verb = " ".join(arguments).replace(options.reference or "\0", "REF")
        print(f"| `package {verb}` | {seconds:.2f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
