"""Formats a paired evaluation of two packages as text and JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from monitoring.stats.paired import SIGNIFICANCE_LEVEL, PairedDifference
from packager.report.numbers import change, probability
from packager.report.table import Cell, table
from packager.run.paired_evaluation import PairedEvaluation, PairedOutputs
from packager.run.since_build import SinceBuild


def as_json(paired: PairedEvaluation | PairedOutputs) -> dict[str, Any]:
    """All fields and the summary sentence; an infinite or undefined number is null.

    Of several outputs ``outputs``, with these fields for each, and ``left_out``.
    """
    if isinstance(paired, PairedOutputs):
        outputs = {name: as_json(one) for name, one in paired.outputs.items()}
        return {"outputs": outputs, "left_out": paired.left_out}
    since = [
        None if one is None else {**_finite(asdict(one)), "verdict": one.verdict}
        for one in paired.since_build
    ]
    return {**_finite(asdict(paired)), "since_build": since, "sentence": paired.sentence}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_text(paired: PairedEvaluation | PairedOutputs, columns: int | None = None) -> str:
    """The summary sentence and a table by slice; p is adjusted for the number of slices.

    Of several outputs both for each, and those that are not compared.
    """
    if isinstance(paired, PairedOutputs):
        parts = [f"{name}: {as_text(one, columns)}" for name, one in paired.outputs.items()]
        parts += [f"{name}: not compared, {why}" for name, why in paired.left_out.items()]
        return "\n\n".join(parts)
    error = paired.lower_is_better
    rows = [_row("all", paired.overall, paired.overall.p, error)]
    rows += [_row(name, one, paired.q[name], error) for name, one in paired.slices.items()]
    between = "95 % of the difference"
    heads = ("rows of", "rows", "first", "second", between, "p", paired.metric)
    lines = [paired.sentence, "", table(heads, rows, columns, right=(between, "p"))]
    lines += _since_build(paired)
    if not paired.seeds_known:
        lines += ["", "the variance of seeds is not known: package train --seeds 5, build again"]
    elif paired.by_sample:
        lines += [
            "",
            f"by sampling variance alone, seed variance unknown: {', '.join(paired.by_sample)}",
        ]
    return "\n".join(lines)


def _since_build(paired: PairedEvaluation) -> list[str]:
    """Results of each package beside its own held-out rows; nothing where they are not known."""
    lines = [
        _sentence(name, one, paired.metric)
        for name, one in zip(("first", "second"), paired.since_build, strict=True)
        if one is not None
    ]
    return ["", *lines] if lines else []


def _sentence(name: str, one: SinceBuild, metric: str) -> str:
    better = one.verdict == "better"
    verdict = one.verdict if one.verdict == "as when built" else f"{one.verdict} than when built"
    question = ": was it trained on these rows, or are they easier?" if better else ""
    return (
        f"the {name} is {verdict}: {metric} {one.now:.4f}, {one.built:.4f} on its held-out rows "
        f"({change(one.difference)}, {change(one.low)} to {change(one.high)}){question}"
    )


def _row(name: str, one: PairedDifference, p: float, error: bool) -> tuple[Cell, ...]:
    low, high = (-one.high, -one.low) if error else (one.low, one.high)
    between = f"{change(low)} to {change(high)}"
    better = (
        ("better" if one.difference > 0 else "worse")
        if p < SIGNIFICANCE_LEVEL
        else "not significant"
    )
    return name, one.rows, abs(one.before), abs(one.after), between, probability(p), better
