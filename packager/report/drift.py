"""A drift report as tables for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

from packager.monitor.drift import Anomaly, DriftReport, FeatureDrift, NotCompared, SliceDrift
from packager.text import truncate

LEAST_NAME = 12
MOST_NAME = 200
GAP = "  "
USUAL = {"missing": "training", "invalid": "-"}
"""Kind of odd value → the rows whose share is the usual one."""


def as_text(report: DriftReport, columns: int | None = None) -> str:
    """Features, odd values and slices, each with its verdict; the verdict of all comes last.

    Long names lose their middle where lines would be longer than ``columns``.
    """
    parts = [f"{_plain(report.model)} {_plain(report.version)}: {report.source}"]
    if report.features:
        heads = ("feature", "rows", "PSI", "noise", "z", "q", "JS bits", "verdict")
        parts.append(_table(heads, columns, [_feature(feature) for feature in report.features]))
    if report.anomalies:
        heads_odd = ("odd values", "kind", "values", "share", "usual", "of", "z", "verdict")
        parts.append(_table(heads_odd, columns, [_odd(odd) for odd in report.anomalies]))
    if report.drift_excluded:
        apart = [[_named(one), one.reason] for one in report.drift_excluded]
        parts.append(_table(("not compared", "reason"), columns, apart))
    if report.slices:
        score = "mean error" if report.regression else "accuracy"
        heads = ("slice", "rows", "labels", score, "95 % interval", "baseline", "z", "verdict")
        parts.append(_table(heads, columns, [_slice(part) for part in report.slices]))
    parts.append(f"verdict: {report.verdict}")
    return "\n\n".join(parts)


def _feature(feature: FeatureDrift) -> list[str]:
    one = feature.measured
    numbers = (one.psi, one.noise, one.z, feature.q_value, one.js)
    return [feature.name, f"{one.rows:.0f}", *map(_number, numbers), _told(feature.verdict)]


def _odd(odd: Anomaly) -> list[str]:
    usual = USUAL.get(odd.kind, "held-out")
    shares = [_number(odd.ratio), _number(odd.reference), usual, _number(odd.z)]
    return [odd.feature, odd.kind, f"{odd.values:.0f}", *shares, _told(odd.verdict)]


def _named(one: NotCompared) -> str:
    return one.name if one.features == 1 else f"{one.features} others"


def _slice(part: SliceDrift) -> list[str]:
    interval = f"{_number(part.low)} to {_number(part.high)}" if part.labels else "-"
    baseline = math.nan if part.baseline is None else part.baseline
    counts = [f"{part.rows:.0f}", f"{part.labels:.0f}"]
    scores = [_number(part.score), interval, _number(baseline), _number(part.z)]
    return [part.name, *counts, *scores, _told(part.verdict)]


def _told(verdict: str) -> str:
    """Capitals for what a person has to see."""
    return verdict.upper() if verdict in ("drift", "more", "worse") else verdict


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:.3g}" if abs(value) >= 1e-4 else "0"


def _table(heads: Sequence[str], columns: int | None, rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the first to the left, numbers to the right."""
    shown = [[_plain(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    if columns is not None:
        others = sum(width + len(GAP) for width in widths[1:])
        widths[0] = min(widths[0], max(LEAST_NAME, columns - others))
        shown = [[_cut(row[0], widths[0]), *row[1:]] for row in shown]
    last = len(heads) - 1
    lines = [
        GAP.join(
            cell.ljust(width) if place in (0, last) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """``text`` on one line of bounded length, without characters that steer a terminal."""
    short = truncate(text, MOST_NAME)
    return short if short.isprintable() else repr(short)


def _cut(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    return f"{name[: width // 2]}…{name[len(name) - (width - 1) // 2 :]}"
