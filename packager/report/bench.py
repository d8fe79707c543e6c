"""Formats a benchmark as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from packager.report.numbers import number, percent
from packager.report.table import Cell, table
from packager.run.bench.flow_share import FlowShare
from packager.run.bench.result import Benchmark, LoadStep
from packager.text import counted

BUSY = 0.8
"""Share of a processor from which on the load generator may be the bottleneck."""
_HEADS = (
    *("rows", "clients", "requests/s", "p50 ms", "p99 ms", "failed"),
    *("memory MB", "CPU µs", "compiled", "stages"),
)

_FLOW_HEADS = ("member", "share", "own µs", "crossing µs", "waiting µs", "overlapped µs")


def as_text(benchmark: Benchmark, columns: int | None = None) -> str:
    """A heading, the table, and its notes; ``columns``: width of the terminal in characters."""
    ready = "" if benchmark.ready_seconds is None else f", ready in {benchmark.ready_seconds:.1f} s"
    lines = [
        f"{benchmark.name} {benchmark.version}: {benchmark.where}{ready}; "
        f"{benchmark.processors} processors shared with the load; rows: {benchmark.rows_from}",
        "",
    ]
    lines.append(table(_HEADS, map(_cells, benchmark.steps), columns, right=_HEADS[:-1]))
    lines += _flow_lines(benchmark.steps, columns)
    return "\n".join([*lines, *_notes(benchmark.steps)])


def _cells(step: LoadStep) -> tuple[Cell, ...]:
    memory = None if step.memory_bytes is None else step.memory_bytes / 1e6
    mark = "*" if step.generator_busy >= BUSY else ""
    return (
        step.rows,
        step.clients,
        f"{number(step.requests_per_second)}{mark}",
        step.p50_ms,
        step.p99_ms,
        step.failed,
        memory,
        step.cpu_us_per_request,
        percent(step.compiled_share),
        _stages(step.stage_us),
    )


def _flow_lines(steps: Sequence[LoadStep], columns: int | None) -> list[str]:
    """The time of a solution's flow by part, a table for each step."""
    lines: list[str] = []
    for step in steps:
        if step.flow is not None:
            lines += [
                "",
                f"time of the flow at {_load(step)}: {step.flow.total_us:,.0f} µs a request",
                table(_FLOW_HEADS, _flow_rows(step.flow), columns, right=_FLOW_HEADS[1:], indent=2),
            ]
    return lines


def _flow_rows(flow: FlowShare) -> Iterator[tuple[Cell, ...]]:
    for member in flow.members:
        parts = (member.own_us, member.crossing_us, member.waiting_us, member.overlapped_us)
        yield (member.member, f"{100 * member.share:.1f} %", *map(_rounded, parts))
    yield ("flow", f"{100 * flow.share:.1f} %", _rounded(flow.flow_us), "-", "-", "-")


def _load(step: LoadStep) -> str:
    return f"{counted(step.rows, 'row')}, {counted(step.clients, 'client')}"


def _rounded(microseconds: float) -> str:
    return f"{microseconds:,.0f}"


def _stages(stages: Mapping[str, float]) -> str:
    """Each stage's share of the total time."""
    total = stages.get("total") or sum(stages.values())
    parts = [(stage, us) for stage, us in stages.items() if stage != "total"]
    if not parts or not total:
        return "-"
    shown = [f"{stage} {100 * us / total:.0f} %" for stage, us in parts]
    return f"{', '.join(shown)} of {total:,.0f} µs"


def _notes(steps: Sequence[LoadStep]) -> list[str]:
    notes = []
    if any(step.generator_busy >= BUSY for step in steps):
        notes.append("* the load generator was at its limit: the server can do at least this")
    for step in steps:
        if not step.requests:
            notes.append(
                f"no answer at {_load(step)} in {step.seconds:g} s: give it more --seconds"
            )
        if step.failed:
            failures = {status: n for status, n in step.statuses.items() if status != "200"}
            if step.broken_connections:
                failures["no answer"] = step.broken_connections
            counts = ", ".join(f"{status}: {count}" for status, count in sorted(failures.items()))
            notes.append(f"failed at {_load(step)}: {counts}")
    return ["", *notes] if notes else []
