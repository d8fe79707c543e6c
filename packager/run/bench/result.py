"""What a benchmark found, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One measurement: so many clients, each asking for so many rows at a time."""

    rows: int
    clients: int
    seconds: float
    requests: int
    requests_per_second: float
    p50_ms: float | None
    p99_ms: float | None
    statuses: Mapping[str, int]
    broken_connections: int
    memory_bytes: int | None
    """Of the whole server, after the step."""
    cpu_us_per_request: float | None
    stage_us: Mapping[str, float]
    """Mean microseconds a request, by stage, as the server tells."""
    compiled_share: float | None
    """Of rows, answered by the compiled form."""
    generator_busy: float
    """The load generator's share of one processor."""

    @property
    def passed(self) -> bool:
        """Whether there were answers, and every one of them was a 200."""
        return self.requests > 0 and not self.failed

    @property
    def failed(self) -> int:
        """Requests without a 200, and connections without an answer."""
        wrong = sum(count for status, count in self.statuses.items() if status != "200")
        return wrong + self.broken_connections


@dataclass(frozen=True)
class Benchmark:
    """All steps on one server."""

    name: str
    version: str
    where: str
    """``container``, ``process``, or the address of a server that ran before."""
    processors: int
    """Of this machine, shared by server and load."""
    ready_seconds: float | None
    """From its start until ``/readyz``; None for a server that ran before."""
    rows_from: str
    """``synthetic`` or the file."""
    steps: Sequence[Step]


def as_json(found: Benchmark) -> dict[str, Any]:
    """The benchmark as plain data; units are in the names."""
    return {
        **asdict(found),
        "steps": [
            {**asdict(step), "failed": step.failed, "passed": step.passed} for step in found.steps
        ],
    }
