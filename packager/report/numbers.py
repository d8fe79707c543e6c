"""Numbers for people: rounded alike in every table and on every page."""

from __future__ import annotations

import math

NOTHING = "-"
SMALLEST_P = 1e-4


def number(value: float | None) -> str:
    """Four significant digits, all digits before the point, and commas: ``0.9570``, ``1,235``.

    A whole number (``int``) has all its digits. Below 0.0001 and from 10^12 on with an exponent.
    None and what is not finite is ``-``.
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**12 else f"{value:.3e}"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e12:
        return f"{value:.3e}"
    return f"{value:,.0f}" if size >= 999.95 else f"{value:#.4g}"


def change(value: float | None) -> str:
    """A difference, with its sign: ``+0.02100``."""
    text = number(value)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def interval(ends: tuple[float, float] | None) -> str:
    """``0.9305 to 0.9761``; ``-`` where there is none."""
    if ends is None or not all(map(math.isfinite, ends)):
        return NOTHING
    return f"{number(ends[0])} to {number(ends[1])}"


def probability(value: float | None) -> str:
    """A p or q value: four decimals, ``<0.0001`` below."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"<{SMALLEST_P:.4f}" if value < SMALLEST_P else f"{value:.4f}"


def percent(share: float | None) -> str:
    """A share of 1 as ``12.3 %``."""
    return NOTHING if share is None or not math.isfinite(share) else f"{100 * share:.1f} %"
