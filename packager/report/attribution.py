"""The shares of a solution's members in its error, as text."""

from __future__ import annotations

from collections.abc import Iterator

from packager.report.numbers import NO_VALUE, digits, percent
from packager.report.table import Cell, table
from packager.text import escape_control_characters
from packager.worker.test.attribution_records import (
    EVERY,
    Attribution,
    MemberFigures,
    PlayerShare,
    SliceAttribution,
)

REST = "the rest"
"""The error that remains with the right answers of all members: flow, data, other members."""
HEADS = ("member", "share", "95 % interval", "of the error")
MAX_SLICES = 5
"""Slices that are shown; JSON has all."""
MAX_METRICS = 3
ROUNDING = 1e-9
"""The part of an error up to which a share is what rounding leaves."""


def attribution_text(attribution: Attribution, columns: int | None = None) -> Iterator[str]:
    """Tables: the shares of all rows and of the worst slices, and each member by itself."""
    if attribution.not_attributed:
        yield escape_control_characters(f"error by member: not known: {attribution.not_attributed}")
    for slice_ in attribution.slices[:1]:
        rows = [share_row(share, slice_) for share in (*slice_.shares, slice_.rest)]
        lines = table(HEADS, rows, columns, right=HEADS[1:], indent=2)
        yield f"{heading(attribution, slice_)}\n{lines}"
    if len(attribution.slices) > 1:
        yield _slices(attribution, columns)
    if attribution.members:
        heads = ("member", "rows received", "judged", "own metrics on them")
        lines = table(heads, map(_member_row, attribution.members), columns, indent=2)
        yield f"members on the rows they received:\n{lines}"
    for note in attribution.notes:
        yield f"note: {escape_control_characters(note)}"


def heading(attribution: Attribution, one: SliceAttribution) -> str:
    """The quantity that is shared: ``error by member: mean absolute error 1.2 of 500 rows``."""
    where = "" if one.slice == EVERY else f" in {one.slice}"
    return f"error by member{where}: {attribution.loss} {digits(one.error)}, {one.rows:,} rows"


def share_row(share: PlayerShare, one: SliceAttribution) -> tuple[str, str, str, str]:
    """Name, share, interval, and percent of the error."""
    part = percent(share.value / one.error) if one.error else NO_VALUE
    return share.name or REST, shown(share.value, one), ends(share, one), part


def shown(value: float, one: SliceAttribution) -> str:
    """A share with its sign; 0 if it is only what rounding left of the error."""
    return digits(_tidy(value, one), sign=True)


def ends(share: PlayerShare, one: SliceAttribution) -> str:
    """The interval of a share."""
    if share.interval is None:
        return NO_VALUE
    low, high = (digits(_tidy(end, one)) for end in share.interval)
    return f"{low} to {high}"


def _tidy(value: float, one: SliceAttribution) -> float:
    return 0.0 if abs(value) <= ROUNDING * one.error else value


def worst_slices(attribution: Attribution) -> list[SliceAttribution]:
    """Declared slices, those with the largest error first."""
    return sorted(attribution.slices[1:], key=lambda one: -one.error)


def own_metrics(member: MemberFigures, most: int = MAX_METRICS) -> str:
    """``accuracy 0.93 (0.91 to 0.95)`` and others, or why there are none."""
    if not member.metrics:
        return member.why or NO_VALUE
    return ", ".join(
        f"{name} {digits(one.value)}"
        + (
            ""
            if one.interval is None
            else f" ({digits(one.interval[0])} to {digits(one.interval[1])})"
        )
        for name, one in list(member.metrics.items())[:most]
    )


def attribution_facts(attribution: Attribution) -> Iterator[tuple[str, str]]:
    """One line for ``package inspect``."""
    if not attribution.slices:
        yield "error by", f"not known: {attribution.not_attributed}"
        return
    every = attribution.slices[0]
    parts = [
        f"{share.name or REST} {shown(share.value, every)}" for share in (*every.shares, every.rest)
    ]
    yield (
        "error by",
        f"{', '.join(parts)}; {attribution.loss} {digits(every.error)} of {every.rows:,} rows",
    )


def _slices(attribution: Attribution, columns: int | None) -> str:
    names = [
        share.name or REST for share in (*attribution.slices[0].shares, attribution.slices[0].rest)
    ]
    heads = ("slice", "rows", "error", *names)
    rows: list[tuple[Cell, ...]] = [
        (
            slice_.slice,
            f"{slice_.rows:,}",
            digits(slice_.error),
            *(shown(share.value, slice_) for share in (*slice_.shares, slice_.rest)),
        )
        for slice_ in worst_slices(attribution)[:MAX_SLICES]
    ]
    more = len(attribution.slices) - 1 - MAX_SLICES
    left = f"\n  and {more:,} more slices; --json has all" if more > 0 else ""
    lines = table(heads, rows, columns, right=heads[1:], indent=2)
    return f"error by member in the worst slices:\n{lines}{left}"


def _member_row(member: MemberFigures) -> tuple[Cell, ...]:
    judged = f"{member.judged:,}" if member.judged else NO_VALUE
    return member.name, f"{member.rows:,}", judged, own_metrics(member)
