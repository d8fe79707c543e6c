"""The plot of a check of ``package test``: its metric by slice, group or feature, or its bins."""

from __future__ import annotations

import math

from monitoring.slices.slices import ALL
from packager.manifest.policy import Family
from packager.tracker.core.plot import (
    MAX_BINS,
    MAX_ROWS,
    BinsPlot,
    CountedRow,
    CountsPlot,
    IntervalsPlot,
    MeasuredRow,
    Plot,
)
from packager.tracker.core.texts import named
from packager.worker.test.details import DriftDetails
from packager.worker.test.report import Check, DataTestReport

COMPARED: frozenset[Family] = frozenset(
    {"quality", "calibration", "fairness", "time", "suspects", "weak"}
)
"""Families whose checks compare a value with that of the package, or with the expected one."""
COUNTED: frozenset[Family] = frozenset({"schema", "cases"})
"""Families whose checks count the rows that are wrong."""
PACKAGED = "when packaged"
EXPECTED = "expected"


def plot_of_check(check: Check, report: DataTestReport, about: str) -> Plot | None:
    """The plot on the page of the check's issue; None if the check has no numbers."""
    if check.family == "drift":
        return _bins(check, about)
    if check.family in COUNTED:
        return _counts(check, report)
    return _compared(check, report) if check.family in COMPARED else None


def _bins(check: Check, about: str) -> BinsPlot | None:
    """Shares of rows in each bin, in training and in the new data."""
    drawn = DriftDetails.of(check.details)
    if drawn is None:
        return None
    before, now = sum(drawn.reference), sum(drawn.counts)
    if not 0 < len(drawn.bins) <= MAX_BINS or not before or not now:
        return None
    return BinsPlot(
        title=f"{about}: shares of rows",
        bins=drawn.bins,
        reference=tuple(min(one / before, 1.0) for one in drawn.reference),
        live=tuple(min(one / now, 1.0) for one in drawn.counts),
        live_name="new data",
    )


def _counts(check: Check, report: DataTestReport) -> CountsPlot | None:
    """Wrong rows by check of the family, those of the check first, then the most."""
    wrong = {one.name: _wrong_rows(one) for one in report.checks if one.family == check.family}
    others = {name: n for name, n in wrong.items() if n and name != check.name}
    subject = wrong.get(check.name)
    if not subject:
        return None
    ordered = sorted(others, key=lambda name: (-others[name], name))[: MAX_ROWS - 1]
    rows = [CountedRow(name=named(check.name), count=subject, subject=True)]
    rows += [CountedRow(name=named(name), count=others[name]) for name in ordered]
    counts = [one.rows for one in report.checks if one.family == check.family]
    is_case = check.family == "cases"
    return CountsPlot(
        title="Rows on which a case is broken" if is_case else "Rows that a check refuses",
        rows=tuple(rows),
        total=max(*counts, *(row.count for row in rows)),
    )


def _wrong_rows(check: Check) -> int | None:
    """Rows that a check of schema refuses, or on which a case does not hold; None if not counted.

    The check of the number of rows counts what was read; it fails without any.
    """
    if check.family == "cases":
        failed = check.details.get("failed")
        return failed if isinstance(failed, int) else None
    now = finite(check.now)
    return None if now is None or check.limit is None else round(now)


def _compared(check: Check, report: DataTestReport) -> IntervalsPlot | None:
    """The check and the others of its metric, those that changed most for the worse first."""
    same = [
        one
        for one in report.checks
        if (one.family, one.metric) == (check.family, check.metric) and one != check
    ]
    same.sort(key=lambda one: (-(one.difference or 0.0) * one.worse, one.name))
    rows = [row for one in (check, *same) if (row := _row(one, subject=one is check)) is not None]
    if not rows or not rows[0].subject:
        return None
    is_weak = check.family == "weak"
    metric = "mean loss" if is_weak else check.metric.replace("_", " ") or check.name
    other = EXPECTED if is_weak else PACKAGED
    return IntervalsPlot(
        title=f"{metric} on the new data, and {other}",
        unit=metric,
        reference_name=other,
        rows=tuple(rows[:MAX_ROWS]),
    )


def _row(check: Check, *, subject: bool) -> MeasuredRow | None:
    """The interval of the difference, moved by the package's value, is around the new value."""
    now, before = finite(check.now), finite(check.baseline)
    if now is None:
        return None
    limit = finite(check.limit)
    ends = [finite(one) for one in check.interval or ()]
    known = [before + one for one in ends if one is not None and before is not None]
    has_interval = len(known) == 2
    return MeasuredRow(
        name="all rows" if check.subject in ("", ALL) else check.subject,
        value=now,
        low=min(known) if has_interval else None,
        high=max(known) if has_interval else None,
        reference=before,
        bound=None if before is None or limit is None else before + check.worse * limit,
        subject=subject,
    )


def finite(value: float | None) -> float | None:
    """``value`` if it is a number that can be drawn."""
    return value if value is not None and math.isfinite(value) else None
