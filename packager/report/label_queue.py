"""Formats what a label queue chose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from monitoring.slices.slices import ALL
from packager.labelling.queue import Choice, Reason
from packager.report.numbers import number
from packager.report.table import pairs, table

_REASONS: Mapping[Reason, str] = {
    "uncertain": "the model's confidence is low, or its error large",
    "suspicious": "missing, unseen or out-of-range values",
    "drifted": "in bins that are more frequent than in training",
    "small_slice": "in a slice with too few labels to judge it",
    "random": "of all rows alike",
}


def as_text(choice: Choice, written: Sequence[str], columns: int | None = None) -> str:
    """Facts, the reasons, and the slices with the labels that each will have."""
    counts = Counter(choice.reasons)
    parts = [pairs(_facts(choice, written), columns)]
    rows = [(name, counts[name], text) for name, text in _REASONS.items() if counts[name]]
    parts.append(table(["reason", "rows", "what it means"], rows, columns))
    slices = [
        (name, count, taken, mean if math.isfinite(mean) else None)
        for name, (count, taken, mean) in choice.slices.items()
        if name != ALL
    ]
    if slices:
        parts.append(table(["slice", "rows", "chosen", "expected loss"], slices, columns))
    return "\n\n".join(parts)


def _facts(choice: Choice, written: Sequence[str]) -> list[tuple[str, str]]:
    facts = [
        ("chosen", f"{len(choice.indices):,} of {len(choice.rows):,} rows without a label"),
        ("written", ", ".join(written)),
        ("expected by", choice.expected.source or "nothing: every row is as uncertain"),
    ]
    if choice.rows.labelled:
        facts.insert(1, ("left out", f"{choice.rows.labelled:,} rows that have a label"))
    if choice.drifted:
        facts.append(("drifted", ", ".join(choice.drifted)))
    worth = choice.worth
    if worth is not None:
        facts.append(("worth", f"about {number(round(worth))} labels drawn at random"))
    smallest = float(choice.probabilities.min())
    facts.append(("least chance", f"{number(smallest)} for any row"))
    return facts
