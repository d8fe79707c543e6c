"""A tree ensemble with one score on one row: leaves by tables, the link in plain Python.

Dozens of calls of NumPy take longer for one row than the trees do. The answers have the bits of
:class:`TreeModel`'s: sums are added in the same order, and exponentials are NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from packager.model.compiled.encode import Encoder
from packager.model.compiled.form import Trees
from packager.model.compiled.heads import HeadSpec
from packager.model.compiled.leaf_tables import LeafTables
from packager.model.compiled.one_answer import OneRow

_ONE_SCORE = ("none", "exp", "logistic", "doubled")
"""Links of a single sum."""


def tree_row(
    trees: Trees, tables: LeafTables, base: float, encoder: Encoder, meaning: HeadSpec
) -> Callable[[Sequence[Any]], OneRow | None] | None:
    """A function from one row to its answer, which is None outside the domain.

    ``base``: what is added to the sum of the leaves. None for an ensemble with several sums, or
    with sums in float32.
    """
    binary = meaning.task == "classification"
    known = trees.link in (("logistic", "doubled") if binary else _ONE_SCORE[:2])
    if trees.in_order or not known:
        return None
    answer = _classes(trees, meaning) if binary else _number(trees)
    encoded, zero = encoder.row, trees.zero

    def row(values: Sequence[Any]) -> OneRow | None:
        entries = encoded(values)
        if entries is None:
            return None
        if trees.float32:
            with np.errstate(over="ignore"):
                entries = np.array(entries, np.float32).tolist()
        if zero:
            entries = [0.0 if abs(entry) <= zero else entry for entry in entries]
        return answer(tables.sum_of(entries) + base)

    return row


def _number(trees: Trees) -> Callable[[float], OneRow | None]:
    raised = trees.link == "exp"

    def answer(score: float) -> OneRow | None:
        number = float(np.exp(score)) if raised else score
        return (number, None) if math.isfinite(number) else None

    return answer


def _classes(trees: Trees, meaning: HeadSpec) -> Callable[[float], OneRow | None]:
    assert meaning.classes is not None
    one, other = meaning.classes
    factor = 2.0 if trees.link == "doubled" else 1.0
    least = 4 * meaning.tolerance

    def answer(score: float) -> OneRow | None:
        score *= factor
        small = float(np.exp(-abs(score)))
        positive = (1.0 if score >= 0 else small) / (1.0 + small)
        negative = 1 - positive
        if not abs(positive - negative) > least:
            return None
        return other if positive > negative else one, [negative, positive]

    return answer
