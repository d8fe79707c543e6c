"""The members of a solution on the page of a test: bars of their shares, and rows they made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packager.report.attribution import (
    REST,
    ends,
    own_metrics,
    share_row,
    shown,
    worst_slices,
)
from packager.report.data_test_examples import CELLS, example_table
from packager.report.data_test_plot import (
    Scale,
    axis,
    data_table,
    drawing,
    figure,
    folded,
    grid,
    words,
)
from packager.report.numbers import digits
from packager.report.page import table_box
from packager.worker.test.attribution_records import (
    EVERY,
    Attribution,
    PlayerShare,
    RowEffect,
    SliceAttribution,
)

HEIGHT = 22
MIDDLE = HEIGHT // 2
MAX_PLOTS = 6
"""Slices with bars of their own; the table has more."""
KEY = (
    "A bar is the part of the error that a member makes (Shapley value), the line its 95 % "
    "interval; the bars add up to the error. To the left of zero: with its right answers the "
    "whole would be worse."
)
SHARE_HEADS = ("slice", "rows", "error", "member", "share", "95 % interval", "of the error")


def members_part(attribution: Attribution) -> str:
    """Shares, overall and by slice, the members by themselves, and examples (HTML)."""
    parts = []
    if attribution.not_attributed:
        parts.append(f"<p>Not attributed: {words(attribution.not_attributed, 500)}</p>")
    slices = [*attribution.slices[:1], *worst_slices(attribution)]
    if slices:
        bars = "".join(_bars(attribution, slice_) for slice_ in slices[:MAX_PLOTS])
        parts.append(figure(KEY, bars))
        parts.append(data_table("shares of the error", SHARE_HEADS, _share_rows(slices)))
    heads = ("member", "rows received", "judged", "own metrics on them")
    rows = [
        (member.name, f"{member.rows:,}", f"{member.judged:,}", own_metrics(member, 8))
        for member in attribution.members
    ]
    parts.append(table_box("members on the rows they received", heads, rows))
    parts += list(_examples(attribution.examples))
    parts += [f'<p class="note">{words(note, 500)}</p>' for note in attribution.notes]
    return "".join(parts)


def _bars(attribution: Attribution, one: SliceAttribution) -> str:
    """A row for each member and the rest, on one scale with zero."""
    shares = (*one.shares, one.rest)
    edges = [end for share in shares for end in share.interval or ()]
    scale = Scale.of([0.0, *(share.value for share in shares), *edges])
    rows = "".join(_bar(share, one, scale) for share in shares)
    where = "all rows" if one.slice == EVERY else one.slice
    error = f"{where}: {attribution.loss} {digits(one.error)}, {one.rows:,} rows"
    head = (
        f'<div class="forest-row forest-head"><h3>{words(error, 200)}</h3>'
        f"{axis(scale)}<span>share (95 % interval)</span></div>"
    )
    return f'<div class="forest">{head}{rows}</div>'


def _bar(share: PlayerShare, one: SliceAttribution, scale: Scale) -> str:
    name = share.name or REST
    start, end = sorted((scale.at(0.0), scale.at(share.value)))
    shapes = (
        f"{grid(scale, HEIGHT)}"
        f'<rect class="{"after" if share.name else "before"}" x="{start:.2f}%" y="5" '
        f'width="{end - start:.2f}%" height="{HEIGHT - 10}"/>'
    )
    if share.interval is not None:
        low, high = (scale.at(edge) for edge in share.interval)
        shapes += (
            f'<line class="packaged" x1="{low:.2f}%" y1="{MIDDLE}" x2="{high:.2f}%" y2="{MIDDLE}"/>'
        )
    value, interval = shown(share.value, one), ends(share, one)
    title = f"{name}: {value}, 95 % interval {interval}"
    return (
        f'<div class="forest-row"><span class="name">{words(name)}</span>'
        f"{drawing(title, shapes, HEIGHT)}"
        f'<span class="values">{value} ({interval})</span></div>'
    )


def _share_rows(slices: Iterable[SliceAttribution]) -> Iterator[tuple[str, ...]]:
    for slice_ in slices:
        for share in (*slice_.shares, slice_.rest):
            yield (
                slice_.slice,
                f"{slice_.rows:,}",
                digits(slice_.error),
                *share_row(share, slice_),
            )


def _examples(effects: Iterable[RowEffect]) -> Iterator[str]:
    """The rows of each member, folded."""
    by_member: dict[tuple[str, str], list[RowEffect]] = {}
    for one in effects:
        by_member.setdefault((one.member, one.effect), []).append(one)
    for (member, effect), rows in by_member.items():
        table = example_table(
            f"rows {effect} by {member}",
            [
                {
                    "row": row.row,
                    "share": digits(row.share, sign=True),
                    **row.shown,
                    CELLS: row.cells,
                }
                for row in rows
            ],
        )
        yield folded(f"{len(rows)} rows that {member} {effect} most", table)
