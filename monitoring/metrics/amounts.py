"""Amounts of counters: large ones are bounded, so that no sum becomes infinite."""

from __future__ import annotations

MAX_AMOUNT = 1e290
"""The most that one label adds to a sum; a sum of 10^18 of them is still finite."""


def bounded(amount: float) -> float:
    """``amount``, or ``MAX_AMOUNT`` if it is larger or NaN, as differences of infinities are.

    A counter that was infinite once never counts again.
    """
    return amount if amount <= MAX_AMOUNT else MAX_AMOUNT
