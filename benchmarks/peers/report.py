"""Formats one Markdown table per model, and ratios that show the effect of each difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from experiments import Comparison, Load
from load import Cell
from measure import Measured

Rounds = dict[str, list[Measured]]
"""Server → its rounds."""


def text(
    model: str,
    rounds: Rounds,
    refused: dict[str, str],
    loads: Sequence[Load],
    comparisons: Sequence[Comparison],
) -> str:
    """The section of ``model``: figures are medians over the rounds."""
    heads = [f"{rows} row{'s' * (rows > 1)}, {clients}" for rows, clients in loads]
    parts = [f"### {model}", _figures(rounds, refused, heads, loads)]
    parts += ["requests a second · p50 ms · p99 ms · CPU µs of a request"]
    parts += [_ratios(rounds, heads, loads, comparisons)]
    return "\n\n".join(part for part in parts if part)


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def against(ratio: float, bound: float | None, *, lowest: bool = True) -> str:
    """``ratio`` and whether it reaches its bound, the lowest or the highest that is aimed at."""
    if bound is None:
        return f"{ratio:.2f}"
    reached = ratio >= bound if lowest else ratio <= bound
    sign = "≥" if lowest else "≤"
    return f"{ratio:.2f} ({sign} {bound:g}{'' if reached else ' missed'})"


def _figures(
    rounds: Rounds, refused: dict[str, str], heads: Sequence[str], loads: Sequence[Load]
) -> str:
    heads = ["server", *heads, "RSS MB", "PSS MB", "start s", "errors", "difference"]
    lines = []
    for name, found in rounds.items():
        cells = [
            f"{_over(found, at, lambda cell: cell.rate):,.0f} · "
            f"{_over(found, at, lambda cell: cell.p50_ms):.2f} · "
            f"{_over(found, at, lambda cell: cell.p99_ms):.1f} · "
            f"{_over(found, at, lambda cell: cell.cpu_ms * 1e3):.0f}"
            for at in loads
        ]
        cells += [f"{median(one.rss_mb for one in found):.0f}"]
        cells += [f"{median(one.pss_mb for one in found):.0f}"]
        cells += [f"{median(one.start_seconds for one in found):.1f}"]
        cells += [str(sum(cell.errors for one in found for cell in one.cells.values()))]
        lines.append([name, *cells, f"{max(one.difference for one in found):.1g}"])
    lines += [[name, reason, *[""] * (len(heads) - 2)] for name, reason in refused.items()]
    return table(heads, lines)


def _ratios(
    rounds: Rounds, heads: Sequence[str], loads: Sequence[Load], comparisons: Sequence[Comparison]
) -> str:
    lines = []
    for one in comparisons:
        others = [rounds[name] for name in one.others if name in rounds]
        if one.server not in rounds or not others:
            continue
        cells = []
        for at in loads:
            rate = _ratio(rounds[one.server], others, at, lambda cell: 1 / max(cell.rate, 1e-9))
            cpu = _ratio(rounds[one.server], others, at, lambda cell: max(cell.cpu_ms, 1e-9))
            cells.append(f"{against(1 / rate, one.bounds.get(at))} · {cpu:.2f}")
        lines.append([one.title, *cells])
    return table(["ratio of rates (bound) · of CPU", *heads], lines) if lines else ""


def _ratio(
    mine: list[Measured], others: list[list[Measured]], at: Load, cost: Callable[[Cell], float]
) -> float:
    """Cost divided by the least cost of the others: the median over the rounds.

    A busy round disturbs both sides of its own ratio alike.
    """
    turns = zip(mine, *others, strict=True)
    return median(
        cost(one.cells[at]) / min(cost(other.cells[at]) for other in rest) for one, *rest in turns
    )


def _over(found: list[Measured], at: Load, value: Callable[[Cell], float]) -> float:
    return median(value(one.cells[at]) for one in found)
