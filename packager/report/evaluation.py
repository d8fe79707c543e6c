"""Formats a paired evaluation of two packages as text and JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from monitoring.stats.paired import SIGNIFICANCE_LEVEL, PairedDifference
from packager.report.numbers import change, probability
from packager.report.table import Cell, table
from packager.run.evaluate import PairedEvaluation


def as_json(found: PairedEvaluation) -> dict[str, Any]:
    """All fields and the summary sentence; an infinite or undefined number is null."""
    return {**_finite(asdict(found)), "sentence": found.sentence}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_text(found: PairedEvaluation, columns: int | None = None) -> str:
    """The summary sentence and a table by slice; p is adjusted for the number of slices."""
    error = found.lower_is_better
    rows = [_row("all", found.overall, found.overall.p, error)]
    rows += [_row(name, one, found.q[name], error) for name, one in found.slices.items()]
    between = "95 % of the difference"
    heads = ("rows of", "rows", "first", "second", between, "p", found.metric)
    lines = [found.sentence, "", table(heads, rows, columns, right=(between, "p"))]
    if not found.seeds_known:
        lines += ["", "the variance of seeds is not known: package train --seeds 5, build again"]
    elif found.by_sample:
        lines += [
            "",
            f"by sampling variance alone, seed variance unknown: {', '.join(found.by_sample)}",
        ]
    return "\n".join(lines)


def _row(name: str, one: PairedDifference, p: float, error: bool) -> tuple[Cell, ...]:
    low, high = (-one.high, -one.low) if error else (one.low, one.high)
    between = f"{change(low)} to {change(high)}"
    better = (
        ("better" if one.difference > 0 else "worse")
        if p < SIGNIFICANCE_LEVEL
        else "not significant"
    )
    return name, one.rows, abs(one.before), abs(one.after), between, probability(p), better
