"""A contest of two packages, for people and for programs."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from packager.compare.significance import LEVEL, PairedDifference
from packager.run.evaluate import PairedEvaluation

HEAD = f"{'':<28} {'rows':>7} {'first':>9} {'second':>9}  {'95 % of the difference':<22} {'p':>7}"


def as_json(found: PairedEvaluation) -> dict[str, Any]:
    """Everything, and the verdict; an interval without an end has null there."""
    return {**_finite(asdict(found)), "sentence": found.sentence}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_text(found: PairedEvaluation) -> str:
    """The sentence, then a table by slice; a slice's p is adjusted for looking at all of them."""
    error = found.metric != "accuracy"
    lines = [found.sentence, "", f"{HEAD}  {found.metric}"]
    lines.append(_row("all", found.overall, found.overall.p, error))
    lines += [_row(name, one, found.q[name], error) for name, one in found.slices.items()]
    if not found.seeds_known:
        lines += ["", "the spread of seeds is not known: package train --seeds 5, and build again"]
    elif found.by_sample:
        lines += ["", f"by the sample alone, seeds not known: {', '.join(found.by_sample)}"]
    return "\n".join(lines)


def _row(name: str, one: PairedDifference, p: float, error: bool) -> str:
    low, high = (-one.high, -one.low) if error else (one.low, one.high)
    change = f"{low:+.4f} to {high:+.4f}"
    better = ("better" if one.difference > 0 else "worse") if p < LEVEL else ""
    return (
        f"{name:<28} {one.rows:>7} {abs(one.before):>9.4f} {abs(one.after):>9.4f}  "
        f"{change:<22} {p:>7.4f}  {better}".rstrip()
    )
