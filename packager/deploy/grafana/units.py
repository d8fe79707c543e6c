"""Units of panels: their names in Grafana, and how pages write a value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class PanelUnit:
    """A unit of a panel or of a column."""

    name: str
    """As people read it on an axis; empty for a plain number."""
    grafana: str
    """Grafana's id of it."""
    decimals: int | None = None
    """Digits after the point in Grafana; None: as many as it thinks fit."""
    text: Callable[[float], str] = lambda value: f"{value:.4g}"
    """A finite value as text, with the unit where it is short."""

    def written(self, value: float) -> str:
        """A value as text; ``-`` for what is not finite."""
        return self.text(value) if math.isfinite(value) else "-"


def _seconds(value: float) -> str:
    for least, factor, name in ((86_400, 86_400, "d"), (3_600, 3_600, "h"), (60, 60, "min")):
        if abs(value) >= 2 * least:
            return f"{value / factor:.3g} {name}"
    if value == 0 or abs(value) >= 1:
        return f"{value:.3g} s"
    return f"{value * 1e3:.3g} ms" if abs(value) >= 1e-3 else f"{value * 1e6:.3g} µs"


def _count(value: float) -> str:
    whole = round(value)
    # increase() extrapolates, so counts may have a fraction.
    return f"{whole:,}" if abs(value) >= 100 or value == whole else f"{value:.3g}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _moment(value: float) -> str:
    try:
        return f"{datetime.fromtimestamp(value / 1_000, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return "-"


SHARE = PanelUnit("", "percentunit", text=lambda value: f"{_short(100 * value)} %")
"""From 0 to 1, written as percent."""
POINTS = PanelUnit("", "percentunit", text=lambda value: f"{_short(round(100 * value, 2))} points")
"""A difference of two shares."""
SECONDS = PanelUnit("", "s", text=_seconds)
REQUESTS = PanelUnit("requests/s", "reqps", text=lambda value: f"{_short(value)}/s")
ROWS_A_SECOND = PanelUnit("rows/s", "rowsps", text=lambda value: f"{_short(value)}/s")
COUNT = PanelUnit("", "locale", 0, text=_count)
"""Rows, labels, replicas, alerts."""
PSI = PanelUnit("PSI", "none", 3, text=lambda value: f"{value:.3f}")
Z = PanelUnit("z", "none", 1, text=lambda value: f"{value:.1f}")
"""Standard errors from what was to be expected."""
BITS = PanelUnit("bits", "suffix: bits", 3, text=lambda value: f"{value:.3f} bits")
ERROR = PanelUnit("in units of the target", "none", text=lambda value: f"{value:.4g}")
"""An error, or a difference of errors, in the target's own unit."""
MEASURE = PanelUnit("", "none", 3, text=lambda value: f"{value:.4g}")
"""A measure of an output: from 0 to 1, or an error."""
TIMES = PanelUnit("x", "suffix: x", 2, text=lambda value: f"{_short(value)} x")
"""A multiple of what is allowed or was before."""
MOMENT = PanelUnit("", "dateTimeAsIso", text=_moment)
"""Milliseconds since 1970."""
