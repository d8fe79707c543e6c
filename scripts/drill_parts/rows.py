"""Rows of diamonds: what the versions train on, and what clients send."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
LABEL = "cut"
SEED = 20
TRAINED = 8_000
"""Rows of each version's training data."""
SLICE = "color=E"
SWAPPED = {"Ideal": "Premium", "Premium": "Ideal"}
"""The grades that the new data has the other way round, in the slice."""
NUMBERS = ("carat", "depth", "table", "x", "y", "z")


@dataclass(frozen=True)
class Rows:
    """Disjoint parts of one shuffled file; each row with its label."""

    first: Sequence[Row]
    """Of version 1."""
    second: Sequence[Row]
    """Of version 2, as the world is after the change."""
    judged: Sequence[Row]
    """On which both versions are compared, as the world is after the change."""
    traffic: Sequence[Row]
    """The rows of the clients before the change."""


def read_rows(file: Path) -> Rows:
    """The parts of ``file``; the same in every drill."""
    with file.open(encoding="utf-8", newline="") as text:
        rows = [_typed(row) for row in csv.DictReader(text)]
    random.Random(SEED).shuffle(rows)
    first, second = rows[:TRAINED], rows[TRAINED : 2 * TRAINED]
    judged = rows[2 * TRAINED : 3 * TRAINED]
    return Rows(
        first,
        [relabelled(row) for row in second],
        [relabelled(row) for row in judged],
        rows[3 * TRAINED :],
    )


def relabelled(row: Row) -> Row:
    """``row`` with the label that it has after the change."""
    if row["color"] != "E":
        return row
    return {**row, LABEL: SWAPPED.get(row[LABEL], row[LABEL])}


def in_other_unit(row: Row) -> Row:
    """``row`` from a sender that weighs in grams instead of carats."""
    return {**row, "carat": round(row["carat"] * 0.2, 4)}


def question(row: Row) -> Row:
    """``row`` without its label, as a client sends it."""
    return {name: value for name, value in row.items() if name != LABEL}


def write_rows(rows: Iterable[Row], file: Path) -> None:
    """Write ``rows`` as CSV."""
    listed = list(rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


def _typed(row: dict[str, str]) -> Row:
    number: Callable[[str], float] = float
    return {
        name: number(text) if name in NUMBERS else int(text) if name == "price" else text
        for name, text in row.items()
    }
