"""Difference of two answers: the distance of numbers, else whether they are equal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RELATIVE = 1e-6
"""Relative differences of numbers up to it are those of floating point."""
ABSOLUTE = 1e-9


def difference(one: Any, other: Any) -> float:
    """The largest absolute difference of two JSON values' numbers.

    Infinite if anything else differs: a label, a text, a null, a key, a length.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if one.keys() != other.keys():
            return math.inf
        return max((difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return math.inf
        return max(map(difference, one, other), default=0.0)
    if _numeric(one) and _numeric(other):
        return abs(float(one) - float(other))
    return 0.0 if type(one) is type(other) and one == other else math.inf


def agree(one: Any, other: Any, tolerance: float | None = None) -> bool:
    """Whether two JSON values are equal, numbers within ``tolerance``.

    None: within what floating point explains.
    """
    if tolerance is not None:
        return difference(one, other) <= tolerance
    return difference(one, other) <= max(ABSOLUTE, RELATIVE * max(size(one), size(other)))


def size(value: Any) -> float:
    """The largest absolute number in a JSON value; 0 without one."""
    if isinstance(value, Mapping):
        return max(map(size, value.values()), default=0.0)
    if isinstance(value, list | tuple):
        return max(map(size, value), default=0.0)
    return abs(float(value)) if _numeric(value) else 0.0


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
