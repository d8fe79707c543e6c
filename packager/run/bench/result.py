"""What a benchmark found, as data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

BUSY = 0.8
"""From this share of a processor on, the load generator itself may be what is slow."""

_HEAD = (
    *("rows", "clients", "requests/s", "p50 ms", "p99 ms", "failed"),
    *("memory MB", "CPU µs", "compiled", "stages"),
)


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


def as_text(found: Benchmark) -> str:
    """A head line, the table, and what is to be known when reading it."""
    ready = "" if found.ready_seconds is None else f", ready in {found.ready_seconds:.1f} s"
    lines = [
        f"{found.name} {found.version}: {found.where}{ready}; "
        f"{found.processors} processors shared with the load; rows: {found.rows_from}",
        "",
    ]
    table = [_HEAD, *(_cells(step) for step in found.steps)]
    widths = [max(len(row[place]) for row in table) for place in range(len(_HEAD))]
    for row in table:
        aligned = [cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("  ".join([*aligned, row[-1]]).rstrip())
    return "\n".join([*lines, *_notes(found.steps)])


def _cells(step: Step) -> tuple[str, ...]:
    memory = None if step.memory_bytes is None else step.memory_bytes / 1e6
    share = None if step.compiled_share is None else 100 * step.compiled_share
    mark = "*" if step.generator_busy >= BUSY else ""
    return (
        str(step.rows),
        str(step.clients),
        f"{step.requests_per_second:,.0f}{mark}",
        _number(step.p50_ms, ".2f"),
        _number(step.p99_ms, ".2f"),
        str(step.failed),
        _number(memory, ".0f"),
        _number(step.cpu_us_per_request, ",.0f"),
        "-" if share is None else f"{share:.0f} %",
        _stages(step.stage_us),
    )


def _stages(stages: Mapping[str, float]) -> str:
    """Each stage's share of the total."""
    total = stages.get("total") or sum(stages.values())
    parts = [(stage, us) for stage, us in stages.items() if stage != "total"]
    if not parts or not total:
        return "-"
    told = [f"{stage} {100 * us / total:.0f} %" for stage, us in parts]
    return f"{', '.join(told)} of {total:,.0f} µs"


def _notes(steps: Sequence[Step]) -> list[str]:
    notes = []
    if any(step.generator_busy >= BUSY for step in steps):
        notes.append("* the load generator was busy itself: the server can do at least this")
    for step in steps:
        if not step.requests:
            notes.append(
                f"no answer at {step.rows} rows, {step.clients} clients in {step.seconds:g} s:"
                " give it more --seconds"
            )
        if step.failed:
            told = {status: n for status, n in step.statuses.items() if status != "200"}
            if step.broken_connections:
                told["no answer"] = step.broken_connections
            counts = ", ".join(f"{status}: {count}" for status, count in sorted(told.items()))
            notes.append(f"failed at {step.rows} rows, {step.clients} clients: {counts}")
    return ["", *notes] if notes else []


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
