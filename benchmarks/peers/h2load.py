"""Calls a server over HTTP/2 with ``h2load``, which takes less time than any server here."""

from __future__ import annotations

import re
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

CLIENTS = 16
"""Connections, each with a call at a time."""
HEADERS = ("-H", "content-type: application/grpc", "-H", "te: trailers")


@dataclass(frozen=True)
class Asked:
    """An address, and the file with the body of every call."""

    url: str
    body: Path


@dataclass(frozen=True)
class Report:
    """Of one run."""

    text: str
    """What ``h2load`` printed."""
    milliseconds: list[float]
    """Of the calls, ascending."""
    processors: float
    """How many processors ``h2load`` used on average."""

    @property
    def answers(self) -> int:
        """Answers with a status of success of HTTP."""
        return self._number(r"(\d+) succeeded")

    @property
    def body_bytes(self) -> int:
        """Bytes of the bodies of all answers."""
        return self._number(r"\((\d+)\) data")

    def _number(self, pattern: str) -> int:
        matched = re.search(pattern, self.text)
        assert matched is not None, self.text
        return int(matched[1])


def load(asked: Asked, seconds: int) -> Report:
    """Call from ``CLIENTS`` connections."""
    log = asked.body.with_name(f"{asked.body.name}.log")
    log.unlink(missing_ok=True)
    command = ["h2load", f"-c{CLIENTS}", "-m1", f"-D{seconds}", "-d", str(asked.body), *HEADERS]
    command += [f"--log-file={log}", asked.url]
    before = _waited_seconds()
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = _waited_seconds() - before
    # Lines of start, status, microseconds.
    times = sorted(float(line.split("\t")[2]) / 1e3 for line in log.read_text().splitlines())
    log.unlink()
    return Report(text, times, spent / seconds)


def _waited_seconds() -> float:
    """Processor time of the child processes that have ended, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
