"""A linear model on one row in plain Python: one look-up or product per column, one sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from packager.model.compiled.encode import Encoder, FlatColumns, Lookup, is_exact_key
from packager.model.compiled.form import Linear
from packager.model.compiled.heads import HeadSpec, rounding
from packager.model.compiled.one_answer import OneRow, two_classes

Parts = tuple[float, float]
"""Contribution of a value to the score, and the absolute sum of its products."""


def linear_row(
    linear: Linear, encoder: Encoder, meaning: HeadSpec
) -> Callable[[Sequence[Any]], OneRow | None]:
    """A function from one row to its answer; it returns None outside the domain."""
    score_of = _score(linear, encoder)
    if meaning.task == "regression":
        answer = _number(linear, meaning)
    else:
        answer = two_classes(meaning, with_probabilities=linear.link != "labels")
    error = rounding(encoder.matrix.width)

    def row(values: Sequence[Any]) -> OneRow | None:
        parts = score_of(values)
        return None if parts is None else answer(parts[0], parts[1] * error)

    return row


def _score(linear: Linear, encoder: Encoder) -> Callable[[Sequence[Any]], Parts | None]:
    (weights,), (intercept,) = linear.coefficients, linear.intercept
    numeric = [
        (limits, [(make, weights[at]) for at, make in encoder.targets[limits.column]])
        for limits in encoder.limits
    ]
    tables = [_contributions(lookup, weights) for lookup in encoder.lookups]

    def score_of(values: Sequence[Any]) -> Parts | None:
        total, size = intercept, abs(intercept)
        for limits, terms in numeric:
            value = values[limits.column]
            if value is None:
                if not limits.nulls:
                    return None
                value = math.nan
            elif not limits.low <= value <= limits.high:
                return None
            for make, weight in terms:
                product = make(value) * weight
                total += product
                size += abs(product)
        for column, known, null, unknown in tables:
            value = values[column]
            parts = null if value is None else known.get(value)
            if parts is None:
                if value is None or unknown is None or not is_exact_key(value):
                    return None
                parts = unknown
            total += parts[0]
            size += parts[1]
        return total, size

    return score_of


def _contributions(
    lookup: Lookup, weights: Sequence[float]
) -> tuple[int, dict[Any, Parts], Parts | None, Parts | None]:
    """A table with precomputed products: column, values, null, unknown."""

    def parts(entries: FlatColumns) -> Parts:
        products = [value * weights[at] for at, value in (lookup.default | dict(entries)).items()]
        return math.fsum(products), math.fsum(abs(product) for product in products)

    return (
        lookup.column,
        {key: parts(entries) for key, entries in lookup.entries.items()},
        None if lookup.null is None else parts(lookup.null),
        None if lookup.unknown is None else parts(lookup.unknown),
    )


def _number(linear: Linear, meaning: HeadSpec) -> Callable[[float, float], OneRow | None]:
    tolerance, raised = meaning.tolerance, linear.link == "exp"

    def answer(score: float, error: float) -> OneRow | None:
        if raised:
            # exp overflows above 709; NaN compares false.
            return (math.exp(score), None) if error <= tolerance and score < 700 else None
        return (score, None) if error <= tolerance * max(1.0, abs(score)) else None

    return answer
