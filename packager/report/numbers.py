"""Formats numbers in the same way in every table and on every page."""

from __future__ import annotations

import math

from packager.text import format_number

NO_VALUE = "-"
MIN_SHOWN_P = 1e-4


def number(value: float | None) -> str:
    """``format_number``; ``-`` for None and for a value that is not finite."""
    return NO_VALUE if value is None or not math.isfinite(value) else format_number(value)


def count(value: float) -> str:
    """A number of rows: ``1,235``; of weighted rows with digits after the point."""
    return number(int(value)) if value == int(value) else number(value)


def change(value: float | None) -> str:
    """A difference, with its sign: ``+0.02100``."""
    text = number(value)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def interval(ends: tuple[float, float] | None) -> str:
    """``0.9305 to 0.9761``; ``-`` for None and for ends that are not finite."""
    if ends is None or not all(map(math.isfinite, ends)):
        return NO_VALUE
    return f"{number(ends[0])} to {number(ends[1])}"


def probability(value: float | None) -> str:
    """A p or q value with four decimals; ``<0.0001`` for smaller ones."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    return f"<{MIN_SHOWN_P:.4f}" if value < MIN_SHOWN_P else f"{value:.4f}"


def percent(share: float | None) -> str:
    """A share (0 to 1) as ``12.3 %``."""
    return NO_VALUE if share is None or not math.isfinite(share) else f"{100 * share:.1f} %"


def digits(value: float | None, *, sign: bool = False) -> str:
    """Three significant digits, but all before the point: ``0.871``, ``+0.0046``, ``1,235``."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    plus = "+" if sign and value > 0 else ""
    return plus + (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}")
