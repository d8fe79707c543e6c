"""A service of its own process, for the benchmarks of the issue tracker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def service(
    folder: Path, database: str, port: int = 0
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running service, and its address."""
    command = [str(Path(sys.executable).with_name("package")), "issues", "serve", "--json",
               "--state", str(folder), "--port", str(port)]  # fmt: skip
    command += ["--database", database] if database else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def run_all(threads: list[threading.Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()
