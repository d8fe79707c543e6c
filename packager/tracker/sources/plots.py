"""The plot of an alert, from Prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from monitoring.query_templates import filled_query
from packager.tracker.core.moments import HOUR
from packager.tracker.core.plot import (
    MAX_BINS,
    MAX_LEVELS,
    MAX_LINES,
    BinsPlot,
    Level,
    Plot,
    SeriesLine,
    SeriesPlot,
    SeriesPoint,
)
from packager.tracker.sources.http_queries import DeclinedError
from packager.tracker.sources.prometheus import PrometheusClient, QueriedSeries
from packager.tracker.sources.queries import KindQueries, PlotQuery

POINTS = 120
"""Points of a line."""
MIN_SPAN = 6 * HOUR
MAX_SPAN = 7 * 24 * HOUR
BASELINE = "packaged"
"""The last word of the title of a value that does not change: of the evaluation at the build."""
BAND = ("low", "high")
"""Titles of the ends of an interval around the first line."""
BIN = "bin"
OTHER = "other"
_LOWER_EDGE = re.compile(r"(?:>= )?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: to |$)")


def drawn(
    client: PrometheusClient,
    queries: KindQueries,
    labels: Mapping[str, str],
    starts_at: float,
    now: float,
) -> Plot | None:
    """The plot of an alert that began at ``starts_at``; None if there is nothing to draw.

    Raises ``SourceAwayError``.
    """
    bars = [one for one in queries.plot if one.form == "bars"]
    try:
        plot = _bins(client, bars, labels) if len(bars) == 2 else None
        if plot is not None:
            return plot
        times = [one for one in queries.plot if one.form == "time"]
        return _series(client, times, labels, (starts_at, now))
    except (DeclinedError, ValidationError):  # an older document, or values that can't be drawn
        return None


def _bins(
    client: PrometheusClient, bars: Sequence[PlotQuery], labels: Mapping[str, str]
) -> BinsPlot | None:
    """Two shares of each bin: live, and of the reference."""
    live, reference = (
        {one.labels.get(BIN, ""): one.value for one in client.instant(_filled(bar, labels))}
        for bar in bars
    )
    if not live or not reference:
        return None
    names = sorted({*live, *reference}, key=_sort_key)[:MAX_BINS]
    return BinsPlot(
        title=f"{labels.get('feature', labels.get('output', 'rows'))}: {bars[0].title}",
        bins=tuple(names),
        live=tuple(_share(live.get(name)) for name in names),
        reference=tuple(_share(reference.get(name)) for name in names),
    )


def _series(
    client: PrometheusClient,
    queries: Sequence[PlotQuery],
    labels: Mapping[str, str],
    since: tuple[float, float],
) -> SeriesPlot | None:
    """Lines over a time that shows what was before the alert."""
    starts_at, now = since
    span = min(max(2 * (now - starts_at), MIN_SPAN), MAX_SPAN)
    series = {
        query.title: client.over_time(_filled(query, labels), now - span, now, span / POINTS)
        for query in queries
    }
    low, high = (_values(series.pop(name, [])) for name in BAND)
    levels: list[Level] = []
    lines: list[SeriesLine] = []
    for title, several in series.items():
        known = [one for one in several if one.points]
        if title.split()[-1:] == [BASELINE]:
            levels += [Level(name=title, value=one.points[-1][1]) for one in known]
            continue
        for one in known:
            name = title if len(known) == 1 else f"{title}: {_named(one.labels)}"
            band = (low, high) if not lines else ({}, {})
            lines.append(_line(name, one, band))
    if not lines:
        return None
    title = queries[0].title
    return SeriesPlot(
        title=title, lines=tuple(lines[:MAX_LINES]), levels=tuple(levels[:MAX_LEVELS])
    )


def _line(
    name: str, one: QueriedSeries, band: tuple[dict[float, float], dict[float, float]]
) -> SeriesLine:
    low, high = band
    points = tuple(
        SeriesPoint(at=at, value=value, low=low.get(at), high=high.get(at))
        for at, value in one.points
    )
    return SeriesLine(name=name, points=points)


def _values(several: Sequence[QueriedSeries]) -> dict[float, float]:
    return dict(several[0].points) if several else {}


def _named(labels: Mapping[str, str]) -> str:
    shown = {name: value for name, value in labels.items() if name != "__name__"}
    return ", ".join(f"{name}={value}" for name, value in sorted(shown.items()))


def _filled(one: PlotQuery, labels: Mapping[str, str]) -> str:
    return filled_query(one.query, labels)


def _share(value: float | None) -> float:
    return min(1.0, max(0.0, value or 0.0))


def _sort_key(name: str) -> tuple[int, float, str]:
    """Bins of numbers by their lower edge, then categories by name, then ``other``."""
    if name.startswith("< "):
        return (0, float("-inf"), name)
    match = _LOWER_EDGE.match(name)
    if match:
        return (0, float(match[1]), name)
    return (2 if name == OTHER else 1, 0.0, name)
