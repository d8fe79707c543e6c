"""Results of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from packager.run.bench.flow_share import FlowShare


@dataclass(frozen=True)
class LoadStep:
    """One measurement: ``clients`` clients with ``rows`` rows per request."""

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
    """Memory of the whole server after the step."""
    cpu_us_per_request: float | None
    stage_us: Mapping[str, float]
    """Stage → mean microseconds per run, from the server's metrics."""
    compiled_share: float | None
    """Share of rows that the compiled form predicted."""
    generator_busy: float
    """The load generator's CPU use, as a share of one processor."""
    flow: FlowShare | None = None
    """The time of a solution's flow by part; None for one model."""

    @property
    def passed(self) -> bool:
        """Whether there were responses, and all had status 200."""
        return self.requests > 0 and not self.failed

    @property
    def failed(self) -> int:
        """Responses without status 200, and broken connections."""
        wrong = sum(count for status, count in self.statuses.items() if status != "200")
        return wrong + self.broken_connections


@dataclass(frozen=True)
class Benchmark:
    """All steps on one server."""

    name: str
    version: str
    where: str
    """``container``, ``process``, or the address of a server that was already running."""
    processors: int
    """Processors of this machine, shared by the server and the load generator."""
    ready_seconds: float | None
    """From its start until ``/readyz``; None for a server that was already running."""
    rows_from: str
    """``synthetic``, or the path of the file."""
    steps: Sequence[LoadStep]


def as_json(benchmark: Benchmark) -> dict[str, Any]:
    """The benchmark as plain data; units are in the names."""
    return {
        **asdict(benchmark),
        "steps": [
            {**asdict(step), "failed": step.failed, "passed": step.passed}
            for step in benchmark.steps
        ],
    }
