"""Formats one Markdown table per model, and ratios that show the effect of each difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from measure import CELLS, Cell, Measured
from servers import BY_HAND, CEILING_NAME, GENERAL, NATIVE, OURS

Rounds = dict[str, list[Measured]]
"""Server → its rounds."""
HEADS = [f"{rows} row{'s' * (rows > 1)}, {clients}" for rows, clients in CELLS]


def text(model: str, rounds: Rounds, refused: dict[str, str]) -> str:
    """The section of ``model``: figures are medians over the rounds."""
    parts = [f"### {model}", _figures(rounds, refused), _ratios(rounds)]
    return "\n\n".join(part for part in parts if part)


def _figures(rounds: Rounds, refused: dict[str, str]) -> str:
    heads = ["server", *HEADS, "CPU ms, 1 row", "CPU ms, 100 rows"]
    heads += ["RSS MB", "PSS MB", "start s", "errors", "difference"]
    lines = []
    for name, found in rounds.items():
        cells = [
            f"{_rate(found, at)} · {_over(found, at, lambda cell: cell.p50_ms):.2f} · "
            f"{_over(found, at, lambda cell: cell.p99_ms):.1f}"
            for at in CELLS
        ]
        cells += [f"{_over(found, at, lambda c: c.cpu_ms):.3f}" for at in ((1, 64), (100, 16))]
        cells += [f"{median(one.rss_mb for one in found):.0f}"]
        cells += [f"{median(one.pss_mb for one in found):.0f}"]
        cells += [f"{median(one.start_seconds for one in found):.1f}"]
        cells += [str(sum(cell.errors for one in found for cell in one.cells.values()))]
        lines.append([name, *cells, f"{max(one.difference for one in found):.1g}"])
    lines += [[name, reason, *[""] * (len(heads) - 2)] for name, reason in refused.items()]
    return _table(heads, lines)


def _ratios(rounds: Rounds) -> str:
    lines = []
    for title, upper, lower in _comparisons(rounds):
        values = [_rate(rounds[upper], at) / _best(rounds, lower, at) for at in CELLS]
        lines.append([title, *(f"{value:.2f}" for value in values)])
    return _table(["requests a second", *HEADS], lines) if lines else ""


def _comparisons(rounds: Rounds) -> list[tuple[str, str, Sequence[str]]]:
    """(title, server, servers whose best result is the divisor), for measured servers."""
    wanted = [
        ("ours / fastest general peer", OURS, GENERAL),
        ("ours / FastAPI with the compiled model", OURS, (BY_HAND,)),
        ("ours / bare ASGI", OURS, (CEILING_NAME,)),
        ("gain of compiling: ours / ours, native", OURS, (NATIVE,)),
        ("gain of the server: ours, native / FastAPI", NATIVE, ("FastAPI",)),
        ("ours, native / fastest general peer", NATIVE, GENERAL),
    ]
    return [
        (title, upper, [name for name in lower if name in rounds])
        for title, upper, lower in wanted
        if upper in rounds and any(name in rounds for name in lower)
    ]


def _best(rounds: Rounds, names: Sequence[str], at: tuple[int, int]) -> float:
    return max(1e-9, *(_rate(rounds[name], at) for name in names))


def _rate(found: list[Measured], at: tuple[int, int]) -> int:
    return round(_over(found, at, lambda cell: cell.rate))


def _over(found: list[Measured], at: tuple[int, int], value: Callable[[Cell], float]) -> float:
    return median(value(one.cells[at]) for one in found)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
